// The extension against an editor that keeps what it is told. `node --test` runs this.
"use strict";

const assert = require("node:assert");
const fs = require("node:fs");
const Module = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { test } = require("node:test");

const manifest = require("./package.json");
const State = { Stopped: 1, Running: 2, Starting: 3 };

/** The extension in an editor with these settings, and what comes of it. */
async function opened(settings, startsWell = true) {
  const seen = { clients: [], errors: [], context: {}, commands: {}, opened: [] };
  const nothing = { dispose() {} };
  seen.status = {};
  const vscode = {
    LanguageStatusSeverity: { Information: 0, Warning: 1, Error: 2 },
    window: {
      createOutputChannel: (_, { log }) => ({ appendLine() {}, show() {}, ...nothing, ...(log && { error() {} }) }),
      showErrorMessage: async (message, choice) => {
        seen.errors.push(message);
        return choice;
      },
    },
    languages: { createLanguageStatusItem: () => seen.status },
    commands: {
      registerCommand: (name, run) => {
        seen.commands[name] = run;
        return nothing;
      },
      executeCommand: async (name, ...values) => {
        if (name === "setContext") seen.context[values[0]] = values[1];
        else seen.opened.push(values[0]);
      },
    },
    workspace: {
      workspaceFolders: [{ uri: { fsPath: settings.folder } }],
      getConfiguration: (section) => ({
        get: (key) => settings[key] ?? manifest.contributes.configuration.properties[`${section}.${key}`].default,
      }),
      onDidChangeConfiguration: (listener) => {
        seen.configure = (key) => listener({ affectsConfiguration: (it) => it === key });
        return nothing;
      },
    },
  };
  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { id, server, options, disposed: false });
      seen.clients.push(this);
    }
    onDidChangeState(listener) {
      this.tell = (newState) => listener({ newState });
    }
    async start() {
      this.tell(State.Starting);
      this.options.outputChannel.error("the client says so too");
      if (!startsWell) throw new Error("no");
      this.initializeResult = { serverInfo: { version: "1.2.3" } };
      this.tell(State.Running);
    }
    async dispose() {
      this.disposed = true;
      this.tell(State.Stopped);
    }
  }
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name === "vscode") return vscode;
    return name === "vscode-languageclient/node" ? { LanguageClient, State } : load(name, ...rest);
  };
  try {
    delete require.cache[require.resolve("./extension")];
    seen.extension = require("./extension");
  } finally {
    Module._load = load;
  }
  await seen.extension.activate({ subscriptions: [] });
  await new Promise(setImmediate);
  return seen;
}

function program(name = "async-fix") {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "async-fix-"));
  fs.writeFileSync(path.join(folder, name), "", { mode: 0o755 });
  return folder;
}

test("starts the server with what is set, and restarts it", async () => {
  const folder = program();
  const settings = { folder, path: "${workspaceFolder}/async-fix", arguments: ["--offline"] };
  const seen = await opened(settings);
  const [first] = seen.clients;
  assert.deepEqual(first.server, {
    command: path.join(folder, "async-fix"),
    args: ["lsp", "--offline"],
    options: { cwd: folder },
  });
  assert.deepEqual(first.options.documentSelector, [{ scheme: "file", language: "rust" }]);
  assert.equal(seen.context["async-fix.running"], true);
  assert.deepEqual([seen.status.text, seen.status.detail, seen.status.severity], ["async-fix", "1.2.3", 0]);

  await seen.commands["async-fix.restart"]();
  assert.deepEqual([first.disposed, seen.clients.length], [true, 2]);
  await seen.configure("async-fix.trace.server");
  assert.equal(seen.clients.length, 2);
  settings.arguments = [];
  await seen.configure("async-fix.arguments");
  assert.deepEqual(seen.clients[2].server.args, ["lsp"]);
  // What an old one says of itself is not the state of the new one.
  first.tell(State.Stopped);
  assert.equal(seen.status.text, "async-fix");
  seen.clients[2].tell(State.Stopped);
  assert.deepEqual([seen.status.text, seen.status.severity], ["async-fix is stopped", 2]);
  assert.equal(seen.context["async-fix.running"], false);
  await seen.extension.deactivate();
  assert.ok(seen.clients[2].disposed);
});

test("says why there is no server", async () => {
  const missing = await opened({ folder: os.tmpdir(), path: "/nowhere/async-fix" });
  assert.deepEqual(missing.clients, []);
  assert.match(missing.errors[0], /there is no program `\/nowhere\/async-fix`/);
  assert.deepEqual([missing.status.severity, missing.opened], [2, ["async-fix."]]);
  const broken = await opened({ folder: program(), path: "${workspaceFolder}/async-fix" }, false);
  assert.match(broken.errors[0], /does not start: no$/);
  assert.equal(broken.context["async-fix.running"], false);
});

test("finds the program where cargo installs it", () => {
  const { find } = require("./program");
  const folder = program();
  const cargo = path.join(folder, ".cargo");
  fs.mkdirSync(path.join(cargo, "bin"), { recursive: true });
  assert.equal(find("other", folder, { PATH: folder, CARGO_HOME: cargo }), undefined);
  fs.writeFileSync(path.join(cargo, "bin", "other"), "", { mode: 0o755 });
  assert.equal(find("other", folder, { PATH: folder, CARGO_HOME: cargo }), path.join(cargo, "bin", "other"));
  assert.equal(find("async-fix", folder, { PATH: `:${folder}` }), path.join(folder, "async-fix"));
  assert.equal(find("./async-fix", folder, {}), path.join(folder, "async-fix"));
  // A folder is no program, nor is a file that nobody may run.
  assert.equal(find("./.cargo", folder, {}), undefined);
  fs.writeFileSync(path.join(folder, "text"), "", { mode: 0o644 });
  assert.equal(find("text", folder, { PATH: folder, CARGO_HOME: cargo }), undefined);
});

test("what it contributes is there", async () => {
  const seen = await opened({ folder: program(), path: "${workspaceFolder}/async-fix" });
  // Those of the server are registered by the client.
  const servers = ["async-fix.applyAll", "async-fix.reload"];
  const contributed = manifest.contributes.commands.map((it) => it.command);
  assert.deepEqual(contributed.sort(), [...Object.keys(seen.commands), ...servers].sort());
  const readme = fs.readFileSync(path.join(__dirname, "README.md"), "utf8");
  for (const setting of Object.keys(manifest.contributes.configuration.properties)) {
    assert.ok(readme.includes(`| \`${setting}\``), setting);
  }
});
