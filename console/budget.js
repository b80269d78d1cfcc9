// Weighs what a browser loads, gzipped, and fails when it has grown beyond what was agreed.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

// The light build of hls.js would weigh 117, but has no audio in tracks of its own and no subtitles: our streams have both.
const LIMITS = { "first load": 480, player: 50, HLS: 190 }; // kB of 1000 bytes
const DIST = new URL("dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));

/** Return the files of a chunk and of all that it imports at once, without those that are there already. */
function filesOf(name, known = new Set(), found = new Set()) {
  const chunk = manifest[name];
  for (const file of [chunk.file, ...(chunk.css ?? [])]) {
    if (!known.has(file)) found.add(file);
  }
  for (const other of chunk.imports ?? []) {
    if (!found.has(manifest[other].file) && !known.has(manifest[other].file)) filesOf(other, known, found);
  }
  return found;
}

const weigh = (files) =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, DIST))).length, 0) / 1000;
const named = (part) => Object.keys(manifest).find((name) => name.includes(part));

const entry = new Set([...filesOf("index.html"), ...filesOf(named("src/features/tasks/TaskPreferences.tsx"))]);
const task = filesOf(named("src/features/task/TaskPage.tsx"), entry);
const player = filesOf(named("src/features/player/ResultView.tsx"), new Set([...entry, ...task]));
const hls = filesOf(named("hls.js/dist/hls"), new Set([...entry, ...task, ...player]));
// Every page is set in these two; browsers fetch the others when a page uses them.
for (const weight of [400, 700]) entry.add(manifest[named(`open-sans-${weight}-normal`)].file);
const weights = { "first load": weigh(entry), player: weigh(player), HLS: weigh(hls) };

let over = false;
for (const [what, kilobytes] of Object.entries(weights)) {
  const heavy = kilobytes > LIMITS[what];
  over ||= heavy;
  console.log(`${what}: ${kilobytes.toFixed(0)} kB gzipped of ${LIMITS[what]}${heavy ? ", too much" : ""}`);
}
process.exitCode = over ? 1 : 0;
