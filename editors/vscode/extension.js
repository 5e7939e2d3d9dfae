// Starts the server for Rust files, and says how it is. All that is found and repaired is the server's.
"use strict";

const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");
const { find } = require("./program");

/** What can be done about a server that does not start. */
const SETTINGS = "Open the settings";

let client;
let status;
let log;

async function activate(context) {
  // Only a channel for logs takes all that the client says.
  log = vscode.window.createOutputChannel("async-fix", { log: true });
  status = vscode.languages.createLanguageStatusItem("async-fix", { language: "rust" });
  status.name = "async-fix";
  status.command = { command: "async-fix.restart", title: "Restart" };
  context.subscriptions.push(
    log,
    status,
    vscode.commands.registerCommand("async-fix.restart", restart),
    vscode.commands.registerCommand("async-fix.log", () => log.show()),
    vscode.workspace.onDidChangeConfiguration((change) => {
      const matters = ["async-fix.path", "async-fix.arguments"];
      if (matters.some((it) => change.affectsConfiguration(it))) return restart();
    }),
  );
  await start();
}

async function start() {
  const settings = vscode.workspace.getConfiguration("async-fix");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const named = settings.get("path");
  const command = find(named, folder, process.env);
  if (command === undefined) {
    return fail(`there is no program \`${named}\`: \`cargo install\` it, or set \`async-fix.path\``);
  }
  const server = { command, args: ["lsp", ...settings.get("arguments")], options: { cwd: folder } };
  const options = {
    documentSelector: [{ scheme: "file", language: "rust" }],
    outputChannel: log,
  };
  const starting = new LanguageClient("async-fix", "async-fix", server, options);
  starting.onDidChangeState(({ newState }) => {
    // Of a server that was replaced nobody wants to know.
    if (client === starting) show(newState);
  });
  client = starting;
  try {
    await starting.start();
  } catch (error) {
    if (client === starting) fail(`\`${command}\` does not start: ${error.message ?? error}`);
  }
}

async function stop() {
  const stopping = client;
  client = undefined;
  // One that has died has nothing to say to this.
  await stopping?.dispose().catch(() => undefined);
}

async function restart() {
  await stop();
  await start();
}

function show(state) {
  const running = state === State.Running;
  vscode.commands.executeCommand("setContext", "async-fix.running", running);
  status.busy = state === State.Starting;
  status.text = running ? "async-fix" : state === State.Starting ? "async-fix starts" : "async-fix is stopped";
  status.detail = client?.initializeResult?.serverInfo?.version;
  status.severity = vscode.LanguageStatusSeverity[state === State.Stopped ? "Error" : "Information"];
}

async function fail(sentence) {
  show(State.Stopped);
  status.detail = sentence;
  log.appendLine(sentence);
  const choice = await vscode.window.showErrorMessage(`async-fix: ${sentence}`, SETTINGS);
  if (choice === SETTINGS) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "async-fix.");
  }
}

module.exports = { activate, deactivate: stop };
