// Runs dynalite in memory on a free port of loopback, says which, and ends when its stdin is closed.
// Its own command can't take a free port.
"use strict";
const { registerHooks } = require("node:module");

// Its parsers, made by PEG.js without `--cache`, try a rule again and again at the same place: a claim's condition takes
// them 40 ms. With their answers remembered, as that option would have it, it takes one.
const RULE = /function peg\$parse(\w+)\(\) \{/g;
const REMEMBERED = `function peg$parse$1() {
  const key = "$1" + peg$currPos;
  if (!(key in remembered)) { const result = parse$1(); remembered[key] = { result, end: peg$currPos }; }
  peg$currPos = remembered[key].end;
  return remembered[key].result;
}
function parse$1() {`;
const WHOLE = "function peg$parse(input, options) {";

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!/\/dynalite\/db\/\w+Parser\.js$/.test(url)) return loaded;
    const source = String(loaded.source).replace(RULE, REMEMBERED).replace(WHOLE, () => `${WHOLE} const remembered = {};`);
    return { ...loaded, source };
  },
});

const server = require("dynalite")({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
server.keepAliveTimeout = 0; // or it may close an idle connection just as a client uses it again
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
