/** A video or audio player with controls, subtitles, previews on the seek bar, and detections on a timeline. */

import Alert from "@cloudscape-design/components/alert";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import * as text from "../../strings";
import { useNarrow } from "../../ui/useNarrow";
import { DetectionList } from "./DetectionList";
import type { Detection } from "./detections";
import { asSwitch } from "./mediaElements";
import type { Playable } from "./playables";
import { type Choice, useMediaSource } from "./useMediaSource";
import type { Track } from "./useTracks";

export const MAX_HEIGHT = "60vh";
const STEP = 10; // seconds of the skip buttons
// The rate button is as wide as its text, which is too narrow for touch in some fonts (WCAG 2.5.5: 44 pixels).
const TOUCH_WIDTH = { minWidth: 44 };
const FULL_WIDTH = { width: "100%" } as const;

interface Props {
  source: Playable;
  startAt?: number;
  tracks?: readonly Track[];
  detections?: readonly Detection[];
  onMedia?: (media: HTMLMediaElement | null) => void;
}

export function MediaPlayer({ source, startAt = 0, tracks = [], detections = [], onMedia }: Props) {
  const [media, setMedia] = useState<HTMLMediaElement | null>(null);
  const [seconds, setSeconds] = useState(0);
  const { error, choices } = useMediaSource(media, source);
  const offered = choices.filter(({ options }) => options.length > 1);
  const isAudio = source.kind === "audio";
  const narrow = useNarrow();

  const attach = (element: HTMLMediaElement | null) => {
    setMedia(element);
    onMedia?.(element);
  };
  const onOpen = (element: HTMLMediaElement) => {
    setSeconds(element.duration);
    if (startAt > 0 && element.currentTime === 0) element.currentTime = Math.min(startAt, element.duration);
  };
  const seek = (to: number) => {
    // eslint-disable-next-line react-hooks/immutability -- seeking sets a property of the media element
    if (media) media.currentTime = to;
  };

  const seekBar = (
    <media-time-range>
      {!isAudio && <media-preview-thumbnail slot="preview" />}
      <media-preview-time-display slot="preview" />
    </media-time-range>
  );
  return (
    <SpaceBetween size="s">
      {error && (
        <Alert type="error" header={text.player.cannot}>
          {error}
        </Alert>
      )}
      <media-controller audio={isAudio} style={{ width: "100%", ...(isAudio ? {} : { aspectRatio: "16 / 9", maxHeight: MAX_HEIGHT, background: "#000" }) }}>
        {/* `tracks` has the subtitles, if there are any. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video
          slot="media"
          ref={attach}
          playsInline
          preload="metadata"
          aria-label={source.title}
          style={{ maxHeight: MAX_HEIGHT }}
          onLoadedMetadata={(event) => onOpen(event.currentTarget)}
        >
          {tracks.map((track) => (
            <track key={track.url} kind={track.kind} label={track.label} src={track.url} srcLang={track.language} default={track.kind === "metadata"} />
          ))}
        </video>
        {!isAudio && <media-loading-indicator slot="centered-chrome" noautohide />}
        {/* A phone lacks the space for all controls, and has its own volume and picture-in-picture controls. */}
        {narrow && <media-control-bar style={FULL_WIDTH}>{seekBar}</media-control-bar>}
        <media-control-bar style={FULL_WIDTH}>
          <media-play-button />
          {!narrow && <media-seek-backward-button seekoffset={STEP} />}
          {!narrow && <media-seek-forward-button seekoffset={STEP} />}
          {!narrow && seekBar}
          <media-time-display showduration notoggle style={narrow ? { flexGrow: 1 } : {}} />
          <media-mute-button />
          {!narrow && <media-volume-range />}
          {tracks.some((track) => track.kind === "subtitles") && <media-captions-button ref={asSwitch} />}
          <media-playback-rate-button style={TOUCH_WIDTH} />
          {!narrow && !isAudio && <media-pip-button />}
          {!isAudio && <media-fullscreen-button />}
        </media-control-bar>
      </media-controller>
      {offered.length > 0 && (
        <ColumnLayout columns={offered.length}>
          {offered.map((choice) => (
            <StreamSelect key={choice.name} choice={choice} />
          ))}
        </ColumnLayout>
      )}
      {detections.length > 0 && seconds > 0 && <DetectionList detections={detections} seconds={seconds} onSeek={seek} />}
    </SpaceBetween>
  );
}

function StreamSelect({ choice: { name, options, selected, select } }: { choice: Choice }) {
  const items = options.map(({ index, label }) => ({ value: `${index}`, label }));
  return (
    <FormField label={name}>
      <Select
        selectedOption={items.find((one) => one.value === `${selected}`) ?? null}
        options={items}
        onChange={(event) => select(Number(event.detail.selectedOption.value))}
      />
    </FormField>
  );
}
