"""What a nightly compiler prints of the futures of a library, for `futures` and `sizes` in this folder."""

import os
import re
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "async-fix" / "ecosystem"


def printed(folder):
    """The lines about types, without what all of them begin with."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(CACHE / "target-sizes"), "CARGO_NET_OFFLINE": "true", "CARGO_INCREMENTAL": "0"}
    (folder / "src" / "lib.rs").touch()
    command = ["cargo", "+nightly", "rustc", "--lib", "--profile", "check", "--", "-Zprint-type-sizes", "-Awarnings"]
    said = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.removeprefix("print-type-size").strip() for line in said.splitlines()]


def key_of_type(text):
    """(kind, name or place) of the future that a line begins to speak of; None for another type."""
    if block := re.match(r"type: `\{async block@(.*?):(\d+):(\d+): ", text):
        return ("block", f"{place_of(block[1])}:{block[2]}:{block[3]}")
    if function := re.match(r"type: `\{async fn body of (.*)\(\)\}`", text):
        path = function[1].replace("->", "")
        # An `impl` that stands in another module than its type: `module::<impl Type<T>>::method`.
        while "<impl " in path and not re.search(r"<impl [^<>]*>", path):
            path = re.sub(r"<(?!impl )[^<>]*>", "", path)
        path = re.sub(r"<impl (?:[^<>]* for )?([^<>]*)>", r"\1", path)
        # `<Type as Trait>::method` is called by the type.
        path = re.sub(r"^<(.*) as [^<>]*(<.*>)?>::", r"\1::", path)
        # Nested brackets go from the inside.
        while re.search(r"<[^<>]*>", path):
            path = re.sub(r"(::)?<[^<>]*>", "", path)
        *owner, name = path.split("::")
        is_type = owner and owner[-1][:1].isupper()
        return ("fn", f"{owner[-1]}::{name}" if is_type else name)
    return None


def place_of(path):
    """A file of a dependency from the folder of its package on, and one of the project from its own."""
    return re.sub(r"^.*/registry/src/[^/]*/", "", path)
