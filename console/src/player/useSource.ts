/** Puts a source into a media element: a file as it is, a stream by hls.js, which comes only when one is played. */

import type Hls from "hls.js";
import { useEffect, useRef, useState } from "react";
import { auth } from "../auth/auth";
import { absoluteApiUrl } from "../config";
import { text } from "../strings";
import type { Playable } from "./kinds";

export interface Quality {
  index: number;
  label: string;
}

interface Playing {
  error: string | undefined;
  qualities: readonly Quality[];
  /** The chosen quality; -1 lets the line decide. */
  quality: number;
  choose: (index: number) => void;
}

/** Load `source` into `media`, and give the choice of its qualities. */
export function useSource(media: HTMLMediaElement | null, source: Playable): Playing {
  const [error, setError] = useState<string>();
  const [hls, setHls] = useState<Hls>();
  const [qualities, setQualities] = useState<readonly Quality[]>([]);
  const [quality, setQuality] = useState(-1);
  const wanted = useRef(-1);
  const { kind, url } = source;

  useEffect(() => {
    if (!media) return;
    let gone = false;
    let player: Hls | undefined;
    const failed = () => {
      if (!gone && media.error) setError(text.player.unplayable);
    };

    const stream = async () => {
      const { default: Player, Events } = await import("hls.js");
      if (gone) return;
      if (!Player.isSupported()) {
        setError(text.player.unplayable);
        return;
      }
      player = new Player({
        xhrSetup: async (request, address) => {
          // The API wants to know who asks; the links in a playlist are signed, and take no other sign.
          if (!address.startsWith(absoluteApiUrl())) return;
          request.open("GET", address, true);
          for (const [name, value] of Object.entries(await auth().headers())) request.setRequestHeader(name, value);
        },
      });
      player.on(Events.MANIFEST_PARSED, (_, { levels }) => {
        setQualities(levels.map((level, index) => ({ index, label: `${level.height}p, ${Math.round(level.bitrate / 1000)} kbit/s` })));
      });
      player.on(Events.FRAG_BUFFERED, (_, { frag }) => {
        if (frag.level !== wanted.current || (frag.type as string) !== "main") return;
        wanted.current = -1;
        // Browsers go on with the pictures that they took before, up to the next key frame, unless they are sent there.
        media.currentTime += 0.001;
      });
      player.on(Events.ERROR, (_, problem) => {
        if (problem.fatal) setError(text.player.broken(problem.details));
      });
      player.loadSource(new URL(url, location.href).href);
      player.attachMedia(media);
      setHls(player);
    };

    media.addEventListener("error", failed);
    if (kind === "stream") void stream();
    else media.setAttribute("src", url);
    return () => {
      gone = true;
      media.removeEventListener("error", failed);
      player?.destroy();
      media.removeAttribute("src");
      media.load();
      setHls(undefined);
      setQualities([]);
      setError(undefined);
    };
  }, [media, kind, url]);

  const choose = (index: number) => {
    setQuality(index);
    wanted.current = index;
    if (!hls) return;
    // Who chooses wants to see it now, so what is buffered in another quality is thrown away.
    // eslint-disable-next-line react-hooks/immutability -- hls.js is told by its properties
    if (index >= 0) hls.currentLevel = index;
    else hls.nextLevel = index;
  };
  return { error, qualities, quality, choose };
}
