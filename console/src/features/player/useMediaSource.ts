/** Puts a source into a media element: a file as it is, a stream by hls.js, which comes only when one is played. */

import type Hls from "hls.js";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { auth } from "../../auth/auth";
import { absoluteApiUrl } from "../../config";
import { text } from "../../strings";
import type { Playable } from "./playables";

/** What a stream may offer several of; -1 stands for none of these, if that can be chosen. */
export interface Choice {
  name: string;
  options: readonly { index: number; label: string }[];
  chosen: number;
  choose: (index: number) => void;
}

interface Playing {
  error: string | undefined;
  choices: readonly Choice[];
}

type Offer = Pick<Choice, "options" | "chosen">;
const NOTHING: Offer = { options: [], chosen: -1 };

const named = (tracks: readonly { name: string }[]) => tracks.map(({ name }, index) => ({ index, label: name }));

/** Do something to a media element as soon as it can play. */
function whenPlayable(media: HTMLMediaElement, act: () => void): void {
  if (media.readyState >= media.HAVE_FUTURE_DATA) act();
  else media.addEventListener("canplay", act, { once: true });
}

/** Return whether a link gives its file: browsers say of a refusal what they say of an unknown codec. */
function answers(url: string): Promise<boolean> {
  return fetch(url, { headers: { range: "bytes=0-0" } }).then(({ ok }) => ok, () => false);
}

/** Open something else in a media element, and go on where it stood. */
function reopen(media: HTMLMediaElement, open: () => void): void {
  const { currentTime, paused } = media;
  open();
  media.currentTime = currentTime;
  if (!paused) whenPlayable(media, () => void media.play().catch(() => undefined));
}

/** Load `source` into `media`, and give the choices that it offers. */
export function useSource(media: HTMLMediaElement | null, source: Playable): Playing {
  const [error, setError] = useState<string>();
  const [hls, setHls] = useState<Hls>();
  const [quality, setQuality] = useState(NOTHING);
  const [audio, setAudio] = useState(NOTHING);
  const [subtitles, setSubtitles] = useState(NOTHING);
  const wanted = useRef(-1);
  const { kind } = source;
  // Another link to the same file is no reason to begin anew.
  const [file] = source.url.split("?", 1);
  const link = useEffectEvent(() => source.url);
  const renewed = useEffectEvent(async () => source.renew?.());

  useEffect(() => {
    if (!media) return;
    let gone = false;
    let player: Hls | undefined;
    let renewable = true;
    const failed = async () => {
      if (!media.error) return;
      const there = kind === "stream" || (await answers(media.currentSrc));
      const fresh = there || !renewable ? undefined : await renewed().catch(() => undefined);
      renewable = false;
      if (gone) return;
      if (fresh) reopen(media, () => media.setAttribute("src", fresh));
      else setError(there ? text.player.unplayable : text.player.lost);
    };
    const broken = () => void failed();

    const stream = async () => {
      const { default: Player, ErrorTypes, Events } = await import("hls.js");
      if (gone) return;
      if (!Player.isSupported()) {
        setError(text.player.unplayable);
        return;
      }
      const opened = new Player({
        xhrSetup: async (request, address) => {
          // The API wants to know who asks; the links in a playlist are signed, and take no other sign.
          if (!address.startsWith(absoluteApiUrl())) return;
          request.open("GET", address, true);
          for (const [name, value] of Object.entries(await auth().headers())) request.setRequestHeader(name, value);
        },
      });
      player = opened;
      player.on(Events.MANIFEST_PARSED, (_, { levels }) => {
        const options = levels.map((level, index) => ({ index, label: `${level.height}p, ${Math.round(level.bitrate / 1000)} kbit/s` }));
        setQuality({ options: options.length > 1 ? [{ index: -1, label: text.player.automatic }, ...options] : options, chosen: -1 });
      });
      player.on(Events.AUDIO_TRACKS_UPDATED, (_, { audioTracks }) => setAudio({ options: named(audioTracks), chosen: 0 }));
      player.on(Events.AUDIO_TRACK_SWITCHED, (_, { id }) => setAudio((before) => ({ ...before, chosen: id })));
      player.on(Events.SUBTITLE_TRACKS_UPDATED, (_, { subtitleTracks: tracks }) => {
        setSubtitles({ options: tracks.length ? [{ index: -1, label: text.player.off }, ...named(tracks)] : [], chosen: -1 });
      });
      player.on(Events.SUBTITLE_TRACK_SWITCH, (_, { id }) => setSubtitles((before) => ({ ...before, chosen: id })));
      player.on(Events.FRAG_BUFFERED, (_, { frag }) => {
        if (frag.level !== wanted.current || (frag.type as string) !== "main") return;
        wanted.current = -1;
        // Browsers go on with the frames that they took before, up to the next key frame, unless they are sent there.
        media.currentTime += 0.001;
      });
      player.on(Events.ERROR, (_, problem) => {
        const refused = problem.response?.code === 403; // which hls.js would try for a quarter of a minute
        if (renewable && problem.type === ErrorTypes.NETWORK_ERROR && (problem.fatal || refused)) {
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

    media.addEventListener("error", broken);
    if (kind === "stream") void stream();
    else media.setAttribute("src", link());
    return () => {
      gone = true;
      media.removeEventListener("error", broken);
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
  /* eslint-disable react-hooks/immutability -- hls.js is told by its properties */
  const chooseQuality = (index: number) => {
    setQuality({ ...quality, chosen: index });
    wanted.current = index;
    // Who chooses wants to see it now, so what is buffered in another quality is thrown away.
    if (index >= 0) hls.currentLevel = index;
    else hls.nextLevel = index;
  };
  const chooseAudio = (index: number) => {
    hls.audioTrack = index;
  };
  // Before it can play, browsers have no place for the words yet.
  const chooseSubtitles = (index: number) => whenPlayable(media, () => (hls.subtitleTrack = index));
  /* eslint-enable react-hooks/immutability */
  const choices = [
    { name: text.player.quality, ...quality, choose: chooseQuality },
    { name: text.player.audio, ...audio, choose: chooseAudio },
    { name: text.player.subtitles, ...subtitles, choose: chooseSubtitles },
  ];
  return { error, choices };
}
