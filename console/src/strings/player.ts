export const player = {
  cannot: "Can't play this file",
  unplayable: "Your browser doesn't support this format. Download the file, or transcode it to MP4 (H.264).",
  lost: "The link has expired or the file was deleted. Reload the page. If that doesn't help, check the bucket.",
  broken: (why: string) => `Playback stopped (${why}). Reload the page to get new links.`,
  quality: "Quality",
  audio: "Audio",
  off: "Off",
  playbackRate: "Playback rate {playbackRate}x",
  auto: "Auto",
  subtitles: "Subtitles",
  source: "Source",
  output: "Output",
  compare: "Compare",
  view: "View",
  file: "File",
  divider: "Divider position",
  wipeHint: "Source on the left, output on the right.",
  rate: (kilobits: string) => `, ${kilobits} kbit/s`,
  saved: "Saved",
  increase: "Increase",
};

export const gallery = { title: "Images", previous: "Previous", next: "Next", all: "All images" };

export const detections = {
  title: "Detections",
  none: "None",
  score: "Score",
  outOf100: (score: number) => `${score}/100`,
  seek: (what: string) => `Go to ${what}`,
  columns: {
    time: "Time",
    category: "Category",
    label: "Label",
    text: "Text",
    confidence: "Confidence",
    suggestion: "Suggestion",
  },
};
