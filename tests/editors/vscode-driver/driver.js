// Drives a real VS Code from inside: opens, looks, acts, saves, takes back. FILE is the document; what goes well and what
// does not stands in SAID, and the last line is "the end" when all went well.
"use strict";

const fs = require("fs");
const vscode = require("vscode");

const PATIENCE = 180_000;

function say(text) {
  fs.appendFileSync(process.env.SAID, `${text}\n`);
}

function check(condition, what) {
  if (!condition) throw new Error(`not so: ${what}`);
  say(`ok: ${what}`);
}

async function wait(what, isThere) {
  const end = Date.now() + PATIENCE;
  while (!(await isThere())) {
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((it) => setTimeout(it, 50));
  }
  say(`ok: ${what}`);
}

async function run() {
  const document = await vscode.workspace.openTextDocument(process.env.FILE);
  const editor = await vscode.window.showTextDocument(document);
  const has = (text) => document.getText().includes(text);
  const found = () => {
    const all = vscode.languages.getDiagnostics(document.uri);
    return all.filter((it) => it.source === "async-fix").sort((a, b) => a.range.start.line - b.range.start.line);
  };
  const finds = (count) => () => found().length === count;
  const command = (name, ...rest) => vscode.commands.executeCommand(name, ...rest);

  await wait("three findings come", finds(3));
  const original = document.getText();
  const [first] = found();
  check(first.message.includes("blocks the runtime worker"), "they say why");
  const hovers = await command("vscode.executeHoverProvider", document.uri, first.range.start);
  const shown = hovers.flatMap((it) => it.contents).map((it) => it.value ?? it);
  check(shown.some((it) => it.includes("blocking-sleep")), "the page of the rule is below the pointer");

  // Typed above it first: the action must be for the text as it is.
  await editor.edit((it) => it.insert(new vscode.Position(0, 0), "// é🦀\n"));
  await wait("the findings move", () => found().length === 3 && found()[0].range.start.line === first.range.start.line + 1);
  const actions = await command("vscode.executeCodeActionProvider", document.uri, found()[0].range, "quickfix");
  check(actions.some((it) => it.isPreferred && it.title.includes("tokio::time::sleep")), "one repair is preferred");
  check(actions.some((it) => it.title.startsWith("Suppress ")), "a finding can be suppressed");
  editor.selection = new vscode.Selection(found()[0].range.start, found()[0].range.start);
  await command("editor.action.autoFix");
  await wait("the repair is made", () => has("/* é🦀 */ tokio::time::sleep(Duration::from_millis(1)).await;"));
  await wait("two findings are left", finds(2));

  // As the README configures it.
  check(await document.save(), "it is saved");
  check(has("tokio::time::sleep(Duration::from_millis(2)).await;"), "what is safe is repaired before it is written");
  check(fs.readFileSync(process.env.FILE, "utf8") === document.getText(), "the file has it");
  await wait("what is not safe is left", finds(1));

  while (document.getText() !== original) {
    const before = document.getText();
    await command("undo");
    if (document.getText() === before) throw new Error(`in vain: all of it can be undone\n${before}`);
  }
  say("ok: all of it can be undone");
  await wait("and is found again", finds(3));

  await command("editor.action.fixAll");
  await wait("all that is safe is repaired at once", () => has("from_millis(1)).await;") && has("from_millis(2)).await;"));
  await command("undo");
  check(document.getText() === original, "which is one step");
  await command("async-fix.applyAll");
  await wait("so it is in the workspace", () => has("from_millis(1)).await;") && has("from_millis(2)).await;"));
  await command("undo");
  await command("async-fix.restart");
  await wait("a new server finds the same", finds(3));
  say("the end");
}

exports.activate = () => void run().catch((error) => say(error.stack));
