/** A film or a sound with its controls, subtitles, previews on the scrub bar, and what was found on its time line. */

import Alert from "@cloudscape-design/components/alert";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { text } from "../strings";
import "./elements";
import type { Playable } from "./kinds";
import { MarkStrip } from "./MarkStrip";
import type { Mark } from "./marks";
import type { Track } from "./useTracks";
import { useSource } from "./useSource";

export const HIGHEST = "60vh";
const STEP = 10; // seconds of the skip buttons

interface Props {
  source: Playable;
  startAt?: number;
  tracks?: readonly Track[];
  marks?: readonly Mark[];
  onMedia?: (media: HTMLMediaElement | null) => void;
}

export function Stage({ source, startAt = 0, tracks = [], marks = [], onMedia }: Props) {
  const [media, setMedia] = useState<HTMLMediaElement | null>(null);
  const [seconds, setSeconds] = useState(0);
  const { error, qualities, quality, choose } = useSource(media, source);
  const sound = source.kind === "audio";

  const place = (element: HTMLMediaElement | null) => {
    setMedia(element);
    onMedia?.(element);
  };
  const opened = (element: HTMLMediaElement) => {
    setSeconds(element.duration);
    if (startAt > 0 && element.currentTime === 0) element.currentTime = Math.min(startAt, element.duration);
  };
  const seek = (to: number) => {
    // eslint-disable-next-line react-hooks/immutability -- a media element is moved by its property
    if (media) media.currentTime = to;
  };

  return (
    <SpaceBetween size="s">
      {error && (
        <Alert type="error" header={text.player.cannot}>
          {error}
        </Alert>
      )}
      <media-controller audio={sound} style={{ width: "100%", ...(sound ? {} : { aspectRatio: "16 / 9", maxHeight: HIGHEST, background: "#000" }) }}>
        {/* What has no subtitles has none to give; what has, brings them in `tracks`. */}
        {/* eslint-disable-next-line jsx-a11y/media-has-caption */}
        <video
          slot="media"
          ref={place}
          playsInline
          preload="metadata"
          aria-label={source.title}
          style={{ maxHeight: HIGHEST }}
          onLoadedMetadata={(event) => opened(event.currentTarget)}
        >
          {tracks.map((track) => (
            <track key={track.url} kind={track.kind} label={track.label} src={track.url} srcLang={track.language} default={track.kind === "metadata"} />
          ))}
        </video>
        {!sound && <media-loading-indicator slot="centered-chrome" noautohide />}
        <media-control-bar style={{ width: "100%" }}>
          <media-play-button />
          <media-seek-backward-button seekoffset={STEP} />
          <media-seek-forward-button seekoffset={STEP} />
          <media-time-range>
            {!sound && <media-preview-thumbnail slot="preview" />}
            <media-preview-time-display slot="preview" />
          </media-time-range>
          <media-time-display showduration notoggle />
          <media-mute-button />
          <media-volume-range />
          {tracks.some((track) => track.kind === "subtitles") && <media-captions-button />}
          <media-playback-rate-button />
          {!sound && <media-pip-button />}
          {!sound && <media-fullscreen-button />}
        </media-control-bar>
      </media-controller>
      {qualities.length > 1 && (
        <FormField label={text.player.quality}>
          <Select
            selectedOption={{ value: `${quality}`, label: quality < 0 ? text.player.automatic : qualities[quality]?.label }}
            options={[
              { value: "-1", label: text.player.automatic },
              ...qualities.map(({ index, label }) => ({ value: `${index}`, label })),
            ]}
            onChange={(event) => choose(Number(event.detail.selectedOption.value))}
          />
        </FormField>
      )}
      {marks.length > 0 && seconds > 0 && <MarkStrip marks={marks} seconds={seconds} onSeek={seek} />}
    </SpaceBetween>
  );
}
