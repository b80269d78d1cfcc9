/** Source and output on top of each other, playing in sync. A divider sets how much of each is visible. */

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import * as text from "../../strings";
import "./mediaElements";
import { MAX_HEIGHT } from "./MediaPlayer";
import type { Playable } from "./playables";
import { useMediaSource } from "./useMediaSource";

const DRIFT = 0.06; // seconds: two frames at 30 fps

interface Props {
  before: Playable;
  after: Playable;
}

export default function WipeComparison({ before, after }: Props) {
  const [share, setShare] = useState(50);
  const [left, setLeft] = useState<HTMLVideoElement | null>(null);
  const [right, setRight] = useState<HTMLVideoElement | null>(null);
  const errors = [useMediaSource(left, before).error, useMediaSource(right, after).error].filter(Boolean);

  useEffect(() => (left && right ? synchronize(left, right) : undefined), [left, right]);

  return (
    <SpaceBetween size="xs">
      {errors.length > 0 && (
        <Alert type="error" header={text.player.cannot}>
          {errors[0]}
        </Alert>
      )}
      <div style={FRAME}>
        <media-controller id="wipe" style={FILL}>
          {/* eslint-disable-next-line jsx-a11y/media-has-caption -- two videos are compared */}
          <video slot="media" ref={setLeft} playsInline preload="auto" aria-label={text.player.source} style={FIT} />
        </media-controller>
        <video
          ref={setRight}
          muted
          playsInline
          preload="auto"
          aria-label={text.player.output}
          style={{ ...FILL, ...FIT, pointerEvents: "none", clipPath: `inset(0 0 0 ${share}%)` }}
        />
        <div aria-hidden="true" style={{ ...DIVIDER, left: `${share}%` }} />
        <span style={{ ...LABEL, left: 8 }}>{text.player.source}</span>
        <span style={{ ...LABEL, right: 8 }}>{text.player.output}</span>
      </div>
      <div style={{ ...WIDTH, background: "#000" }}>
        <media-control-bar mediacontroller="wipe" style={{ width: "100%" }}>
          <media-play-button mediacontroller="wipe" />
          <media-time-range mediacontroller="wipe" />
          <media-time-display mediacontroller="wipe" showduration notoggle />
          <media-playback-rate-button mediacontroller="wipe" />
        </media-control-bar>
      </div>
      <div style={WIDTH}>
        <Slider
          value={share}
          min={0}
          max={100}
          ariaLabel={text.player.divider}
          valueFormatter={text.percent}
          hideFillLine
          onChange={(event) => setShare(event.detail.value)}
        />
        <Box variant="small">{text.player.wipeHint}</Box>
      </div>
    </SpaceBetween>
  );
}

/** Keep one video in sync with another: playing, pausing and seeking. Return the function that stops it. */
function synchronize(lead: HTMLVideoElement, follower: HTMLVideoElement): () => void {
  const follow = () => {
    if (Math.abs(lead.currentTime - follower.currentTime) > DRIFT) follower.currentTime = lead.currentTime;
    if (follower.playbackRate !== lead.playbackRate) follower.playbackRate = lead.playbackRate;
    if (lead.paused) follower.pause();
    else follower.play().catch(() => undefined); // it starts at the next event
  };
  const events = ["play", "pause", "seeked", "seeking", "timeupdate", "ratechange"];
  for (const event of events) lead.addEventListener(event, follow);
  return () => {
    for (const event of events) lead.removeEventListener(event, follow);
  };
}

const WIDTH = { maxWidth: `calc(${MAX_HEIGHT} * 16 / 9)`, margin: "0 auto" } as const;
const FRAME = { ...WIDTH, position: "relative", aspectRatio: "16 / 9", background: "#000", overflow: "hidden" } as const;
const FILL = { position: "absolute", inset: 0, width: "100%", height: "100%" } as const;
const FIT = { objectFit: "contain" } as const;
const DIVIDER = { position: "absolute", insetBlock: 0, width: 2, marginLeft: -1, background: "#fff", boxShadow: "0 0 4px #000" } as const;
const LABEL = { position: "absolute", top: 8, padding: "2px 8px", borderRadius: 4, color: "#fff", background: "#000b" } as const;
