/** The player's parts, one by one: all of media-chrome would weigh a quarter more. */

import "media-chrome/media-captions-button.js";
import "media-chrome/media-control-bar.js";
import "media-chrome/media-controller.js";
import "media-chrome/media-fullscreen-button.js";
import "media-chrome/media-loading-indicator.js";
import "media-chrome/media-mute-button.js";
import "media-chrome/media-pip-button.js";
import "media-chrome/media-play-button.js";
import "media-chrome/media-playback-rate-button.js";
import "media-chrome/media-preview-thumbnail.js";
import "media-chrome/media-preview-time-display.js";
import "media-chrome/media-seek-backward-button.js";
import "media-chrome/media-seek-forward-button.js";
import "media-chrome/media-time-display.js";
import "media-chrome/media-time-range.js";
import "media-chrome/media-volume-range.js";
import { En } from "media-chrome/lang/en.js";
import { addTranslation, setLanguage } from "media-chrome/utils/i18n.js";
import type { HTMLAttributes, RefAttributes } from "react";
import { text } from "../../strings";

// The controls speak the console's language, and the name of the rate holds what is to be seen of it.
addTranslation("en", { ...En, "Playback rate {playbackRate}": text.player.playbackRate });
setLanguage("en");

/** Make the captions button a switch: it says by `aria-checked` whether it is on, which a button may not. */
export function asSwitch(button: HTMLElement | null): void {
  button?.setAttribute("role", "switch"); // it makes itself a button when it comes onto the page, which is before this
}

type Part<More = object> = HTMLAttributes<HTMLElement> & RefAttributes<HTMLElement> & { mediacontroller?: string } & More;

declare module "react" {
  // React asks for a namespace to learn about custom elements.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace JSX {
    interface IntrinsicElements {
      "media-captions-button": Part;
      "media-control-bar": Part;
      "media-controller": Part<{ audio?: boolean }>;
      "media-fullscreen-button": Part;
      "media-loading-indicator": Part<{ noautohide?: boolean }>;
      "media-mute-button": Part;
      "media-pip-button": Part;
      "media-play-button": Part;
      "media-playback-rate-button": Part;
      "media-preview-thumbnail": Part;
      "media-preview-time-display": Part;
      "media-seek-backward-button": Part<{ seekoffset?: number }>;
      "media-seek-forward-button": Part<{ seekoffset?: number }>;
      "media-time-display": Part<{ showduration?: boolean; notoggle?: boolean }>;
      "media-time-range": Part;
      "media-volume-range": Part;
    }
  }
}
