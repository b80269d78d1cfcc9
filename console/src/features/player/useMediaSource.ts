/** Loads a source into a media element: a file directly, a stream with hls.js, which is imported when the first stream plays. */

import type Hls from "hls.js";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { auth } from "../../auth/auth";
import { absoluteApiUrl } from "../../config";
import * as text from "../../strings";
import type { Playable } from "./playables";

/** A choice that a stream offers. Index -1 means automatic or off. */
export interface Choice {
  name: string;
  options: readonly { index: number; label: string }[];
  selected: number;
  select: (index: number) => void;
}

interface MediaSourceState {
  error: string | undefined;
  choices: readonly Choice[];
}

type Offer = Pick<Choice, "options" | "selected">;
const NOTHING: Offer = { options: [], selected: -1 };

const optionsOf = (tracks: readonly { name: string }[]) => tracks.map(({ name }, index) => ({ index, label: name }));

/** Call `act` as soon as a media element can play. */
function whenPlayable(media: HTMLMediaElement, act: () => void): void {
  if (media.readyState >= media.HAVE_FUTURE_DATA) act();
  else media.addEventListener("canplay", act, { once: true });
}

/** Return whether a link works: browsers report a rejected link like an unknown codec. */
function isReachable(url: string): Promise<boolean> {
  return fetch(url, { headers: { range: "bytes=0-0" } }).then(({ ok }) => ok, () => false);
}

/** Open another address in a media element, and continue at the same position. */
function reopen(media: HTMLMediaElement, open: () => void): void {
  const { currentTime, paused } = media;
  open();
  media.currentTime = currentTime;
  if (!paused) whenPlayable(media, () => void media.play().catch(() => undefined));
}

/** Load `source` into `media`, and return the choices that it offers. */
export function useMediaSource(media: HTMLMediaElement | null, source: Playable): MediaSourceState {
  const [error, setError] = useState<string>();
  const [hls, setHls] = useState<Hls>();
  const [quality, setQuality] = useState(NOTHING);
  const [audio, setAudio] = useState(NOTHING);
  const [subtitles, setSubtitles] = useState(NOTHING);
  const requestedLevel = useRef(-1);
  const { kind } = source;
  // A new link to the same file doesn't restart the player.
  const [file] = source.url.split("?", 1);
  const link = useEffectEvent(() => source.url);
  const renew = useEffectEvent(async () => source.renew?.());

  useEffect(() => {
    if (!media) return;
    let unmounted = false;
    let player: Hls | undefined;
    let renewable = true;
    const recover = async () => {
      if (!media.error) return;
      const reachable = kind === "stream" || (await isReachable(media.currentSrc));
      const fresh = reachable || !renewable ? undefined : await renew().catch(() => undefined);
      renewable = false;
      if (unmounted) return;
      if (fresh) reopen(media, () => media.setAttribute("src", fresh));
      else setError(reachable ? text.player.unplayable : text.player.lost);
    };
    const onError = () => void recover();

    const openStream = async () => {
      const { default: Player, ErrorTypes, Events } = await import("hls.js");
      if (unmounted) return;
      if (!Player.isSupported()) {
        setError(text.player.unplayable);
        return;
      }
      const opened = new Player({
        xhrSetup: async (request, address) => {
          // The API needs the token. The links in a playlist are signed, and reject any other authentication.
          if (!address.startsWith(absoluteApiUrl())) return;
          request.open("GET", address, true);
          for (const [name, value] of Object.entries(await auth().headers())) request.setRequestHeader(name, value);
        },
      });
      player = opened;
      player.on(Events.MANIFEST_PARSED, (_, { levels }) => {
        const options = levels.map((level, index) => ({ index, label: `${level.height}p, ${Math.round(level.bitrate / 1000)} kbit/s` }));
        setQuality({ options: options.length > 1 ? [{ index: -1, label: text.player.auto }, ...options] : options, selected: -1 });
      });
      player.on(Events.AUDIO_TRACKS_UPDATED, (_, { audioTracks }) => setAudio({ options: optionsOf(audioTracks), selected: 0 }));
      player.on(Events.AUDIO_TRACK_SWITCHED, (_, { id }) => setAudio((before) => ({ ...before, selected: id })));
      player.on(Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks: tracks }) => {
        setSubtitles({ options: tracks.length ? [{ index: -1, label: text.player.off }, ...optionsOf(tracks)] : [], selected: -1 });
      });
      player.on(Events.SUBTITLE_TRACK_SWITCH, (_, { id }) => setSubtitles((before) => ({ ...before, selected: id })));
      player.on(Events.FRAG_BUFFERED, (_, { frag }) => {
        if (frag.level !== requestedLevel.current || (frag.type as string) !== "main") return;
        requestedLevel.current = -1;
        // Browsers keep showing frames of the old quality until the next key frame, unless they seek.
        media.currentTime += 0.001;
      });
      player.on(Events.ERROR, (_, problem) => {
        const rejected = problem.response?.code === 403; // hls.js would retry for 15 seconds
        if (renewable && problem.type === ErrorTypes.NETWORK_ERROR && (problem.fatal || rejected)) {
          renewable = false;
          opened.config.startPosition = media.currentTime;
          reopen(media, () => opened.loadSource(address));
        } else if (problem.fatal) setError(text.player.broken(problem.details));
      });
      const address = new URL(link(), location.href).href;
      player.loadSource(address);
      player.attachMedia(media);
      setHls(player);
    };

    media.addEventListener("error", onError);
    if (kind === "stream") void openStream();
    else media.setAttribute("src", link());
    return () => {
      unmounted = true;
      media.removeEventListener("error", onError);
      player?.destroy();
      media.removeAttribute("src");
      media.load();
      setHls(undefined);
      setQuality(NOTHING);
      setAudio(NOTHING);
      setSubtitles(NOTHING);
      setError(undefined);
    };
  }, [media, kind, file]);

  if (!media || !hls) return { error, choices: [] };
  /* eslint-disable react-hooks/immutability -- hls.js is controlled by its properties */
  const selectQuality = (index: number) => {
    setQuality({ ...quality, selected: index });
    requestedLevel.current = index;
    // Apply the quality at once: drop what is buffered in another quality.
    if (index >= 0) hls.currentLevel = index;
    else hls.nextLevel = index;
  };
  const selectAudio = (index: number) => {
    hls.audioTrack = index;
  };
  // Before the media can play, browsers don't accept subtitles.
  const selectSubtitles = (index: number) => whenPlayable(media, () => (hls.subtitleTrack = index));
  /* eslint-enable react-hooks/immutability */
  const choices = [
    { name: text.player.quality, ...quality, select: selectQuality },
    { name: text.player.audio, ...audio, select: selectAudio },
    { name: text.player.subtitles, ...subtitles, select: selectSubtitles },
  ];
  return { error, choices };
}
