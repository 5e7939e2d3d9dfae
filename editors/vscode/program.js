// Where the server is.
"use strict";

const fs = require("fs");
const os = require("os");
const path = require("path");

/**
 * The program that is called `named`: a path, or a name that is looked for where programs are, and where cargo
 * installs, which an editor that was not started in a terminal may not know. Undefined where there is none.
 */
function find(named, folder, environment) {
  const home = os.homedir();
  const meant = named.replace(/^~(?=[/\\])/, home).replaceAll("${workspaceFolder}", folder ?? "");
  if (/[/\\]/.test(meant)) return isProgram(path.resolve(folder ?? home, meant));
  const cargo = environment.CARGO_HOME || path.join(home, ".cargo");
  const folders = (environment.PATH ?? environment.Path ?? "").split(path.delimiter);
  for (const it of [...folders, path.join(cargo, "bin")]) {
    const found = it && isProgram(path.join(it, meant));
    if (found) return found;
  }
}

/** The file itself, or with the ending that Windows leaves out. */
function isProgram(file) {
  const endings = process.platform === "win32" ? ["", ".exe"] : [""];
  return endings.map((it) => file + it).find((it) => {
    try {
      fs.accessSync(it, fs.constants.X_OK);
      return fs.statSync(it).isFile();
    } catch {
      return false;
    }
  });
}

module.exports = { find };
