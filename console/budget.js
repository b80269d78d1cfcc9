// Measures the gzipped size of what a browser loads, and fails if it exceeds the limits.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

// The light build of hls.js (117 kB) lacks separate audio tracks and subtitles, which our streams have.
const LIMITS = { "first load": 480, player: 50, HLS: 190 }; // kB of 1000 bytes
const DIST = new URL("dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", DIST), "utf8"));

/** Return the files of a chunk and of its static imports, except those that are already loaded. */
function filesOf(name, loaded = new Set(), files = new Set()) {
  const chunk = manifest[name];
  for (const file of [chunk.file, ...(chunk.css ?? [])]) {
    if (!loaded.has(file)) files.add(file);
  }
  for (const other of chunk.imports ?? []) {
    if (!files.has(manifest[other].file) && !loaded.has(manifest[other].file)) filesOf(other, loaded, files);
  }
  return files;
}

const sizeOf = (files) =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, DIST))).length, 0) / 1000;
const chunkNamed = (part) => Object.keys(manifest).find((name) => name.includes(part));

const entry = new Set([...filesOf("index.html"), ...filesOf(chunkNamed("src/features/tasks/TaskPreferences.tsx"))]);
const task = filesOf(chunkNamed("src/features/task/TaskPage.tsx"), entry);
const player = filesOf(chunkNamed("src/features/player/ResultView.tsx"), new Set([...entry, ...task]));
const hls = filesOf(chunkNamed("hls.js/dist/hls"), new Set([...entry, ...task, ...player]));
// Every page uses these two fonts; browsers load the others on demand.
for (const weight of [400, 700]) entry.add(manifest[chunkNamed(`open-sans-${weight}-normal`)].file);
const sizes = { "first load": sizeOf(entry), player: sizeOf(player), HLS: sizeOf(hls) };

let exceeded = false;
for (const [what, kilobytes] of Object.entries(sizes)) {
  const tooLarge = kilobytes > LIMITS[what];
  exceeded ||= tooLarge;
  console.log(`${what}: ${kilobytes.toFixed(0)} kB gzipped of ${LIMITS[what]}${tooLarge ? ": too large" : ""}`);
}
process.exitCode = exceeded ? 1 : 0;
