/** The elements of media-chrome that the player uses. Importing all of them would add a quarter to its size. */

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
import * as text from "../../strings";

// The controls use the console's language. The accessible name of the rate button contains its visible text.
addTranslation("en", { ...En, "Playback rate {playbackRate}": text.player.playbackRate });
setLanguage("en");

/** Make the captions button a switch: it has `aria-checked`, which a button must not have. */
export function asSwitch(button: HTMLElement | null): void {
  button?.setAttribute("role", "switch"); // it sets its own role when it is added to the page, which happens before this
}

type Part<More = object> = HTMLAttributes<HTMLElement> & RefAttributes<HTMLElement> & { mediacontroller?: string } & More;

declare module "react" {
  // React declares custom elements in a namespace.
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
