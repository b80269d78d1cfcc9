/** A film or an audio track with its controls, subtitles, previews on the scrub bar, and what was found on its time line. */

import Alert from "@cloudscape-design/components/alert";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { text } from "../../strings";
import { useNarrow } from "../../ui/useNarrow";
import { asSwitch } from "./mediaElements";
import type { Playable } from "./playables";
import { MarkStrip } from "./MarkStrip";
import type { Mark } from "./marks";
import type { Track } from "./useTracks";
import { type Choice, useSource } from "./useMediaSource";

export const HIGHEST = "60vh";
const STEP = 10; // seconds of the skip buttons
// Its width is that of its text, which some fonts set narrower than a thumb (WCAG 2.5.5: 44 pixels).
const AS_WIDE_AS_OTHERS = { minWidth: 44 };
const WHOLE_LINE = { width: "100%" } as const;

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
  const { error, choices } = useSource(media, source);
  const offered = choices.filter(({ options }) => options.length > 1);
  const audio = source.kind === "audio";
  const narrow = useNarrow();

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

  const scrubBar = (
    <media-time-range>
      {!audio && <media-preview-thumbnail slot="preview" />}
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
      <media-controller audio={audio} style={{ width: "100%", ...(audio ? {} : { aspectRatio: "16 / 9", maxHeight: HIGHEST, background: "#000" }) }}>
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
        {!audio && <media-loading-indicator slot="centered-chrome" noautohide />}
        {/* A phone has no room for all, and sets its loudness and small windows itself. */}
        {narrow && <media-control-bar style={WHOLE_LINE}>{scrubBar}</media-control-bar>}
        <media-control-bar style={WHOLE_LINE}>
          <media-play-button />
          {!narrow && <media-seek-backward-button seekoffset={STEP} />}
          {!narrow && <media-seek-forward-button seekoffset={STEP} />}
          {!narrow && scrubBar}
          <media-time-display showduration notoggle style={narrow ? { flexGrow: 1 } : {}} />
          <media-mute-button />
          {!narrow && <media-volume-range />}
          {tracks.some((track) => track.kind === "subtitles") && <media-captions-button ref={asSwitch} />}
          <media-playback-rate-button style={AS_WIDE_AS_OTHERS} />
          {!narrow && !audio && <media-pip-button />}
          {!audio && <media-fullscreen-button />}
        </media-control-bar>
      </media-controller>
      {offered.length > 0 && (
        <ColumnLayout columns={offered.length}>
          {offered.map((choice) => (
            <Chooser key={choice.name} choice={choice} />
          ))}
        </ColumnLayout>
      )}
      {marks.length > 0 && seconds > 0 && <MarkStrip marks={marks} seconds={seconds} onSeek={seek} />}
    </SpaceBetween>
  );
}

function Chooser({ choice: { name, options, chosen, choose } }: { choice: Choice }) {
  const choosable = options.map(({ index, label }) => ({ value: `${index}`, label }));
  return (
    <FormField label={name}>
      <Select
        selectedOption={choosable.find((one) => one.value === `${chosen}`) ?? null}
        options={choosable}
        onChange={(event) => choose(Number(event.detail.selectedOption.value))}
      />
    </FormField>
  );
}
