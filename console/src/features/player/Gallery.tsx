import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { type CSSProperties, useEffect, useEffectEvent, useState } from "react";
import type { OutputFile } from "../../api/types";
import { byteSize } from "../../format";
import * as text from "../../strings";
import { detailsOf } from "./fileDetails";

const DRAWING = "image/svg+xml";

/** Images: one large image, or several side by side that can be enlarged. */
export default function Gallery({ images, refresh }: { images: readonly OutputFile[]; refresh: () => void }) {
  const [shown, setShown] = useState(images.length === 1 ? 0 : undefined);
  const image = shown === undefined ? undefined : images[shown];
  if (image && shown !== undefined) {
    return (
      <SpaceBetween size="s">
        {images.length > 1 && (
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="angle-left" disabled={shown === 0} onClick={() => setShown(shown - 1)}>
              {text.gallery.previous}
            </Button>
            <Button iconName="view-full" onClick={() => setShown(undefined)}>
              {text.gallery.all}
            </Button>
            <Button iconName="angle-right" iconAlign="right" disabled={shown === images.length - 1} onClick={() => setShown(shown + 1)}>
              {text.gallery.next}
            </Button>
          </SpaceBetween>
        )}
        <Box textAlign="center">
          <Image key={image.key} file={image} refresh={refresh} style={{ maxWidth: "100%", maxHeight: "60vh" }} />
        </Box>
        <Box textAlign="center" variant="small">
          {`${image.fileName}, ${byteSize(image.size)}. ${detailsOf(image)}`}
        </Box>
      </SpaceBetween>
    );
  }
  return (
    <Cards<OutputFile>
      items={[...images]}
      trackBy="key"
      ariaLabels={{ itemSelectionLabel: () => "", selectionGroupLabel: "", cardsLabel: text.gallery.title }}
      cardsPerRow={[{ cards: 1 }, { minWidth: 400, cards: 2 }, { minWidth: 700, cards: 3 }, { minWidth: 1000, cards: 4 }]}
      cardDefinition={{
        header: (file) => (
          <Button variant="inline-link" onClick={() => setShown(images.indexOf(file))}>
            {file.fileName}
          </Button>
        ),
        sections: [
          {
            id: "image",
            content: (file) => <Image file={file} refresh={refresh} style={{ width: "100%", borderRadius: 4 }} />,
          },
          { id: "details", content: (file) => <Box variant="small">{`${byteSize(file.size)}. ${detailsOf(file)}`}</Box> },
        ],
      }}
    />
  );
}

/** An image. If its link fails, load it once with a fresh link, then show an error. */
function Image({ file, refresh, style }: { file: OutputFile; refresh: () => void; style: CSSProperties }) {
  const [failed, setFailed] = useState<readonly OutputFile[]>([]); // the same file with each link that failed
  const onError = () => {
    if (!failed.length) refresh();
    setFailed([...failed, file]);
  };
  const address = useAddress(file, onError);
  if (failed.includes(file)) return <StatusIndicator type="error">{text.player.lost}</StatusIndicator>;
  return address && <img src={address} alt={file.fileName} loading="lazy" style={style} onError={onError} />;
}

/** Return the address of an image: its link, or an SVG drawing as a data URL, because its link serves it as a download. */
function useAddress(file: OutputFile, onError: () => void): string | undefined {
  const [data, setData] = useState<string>();
  const fail = useEffectEvent(onError);
  const isDrawing = file.contentType === DRAWING;
  useEffect(() => {
    if (!isDrawing) return;
    const aborter = new AbortController();
    const load = async () => {
      const response = await fetch(file.url, { signal: aborter.signal });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      // Scripts don't run in an <img>, and browsers don't open data URLs as pages.
      setData(`data:${DRAWING},${encodeURIComponent(await response.text())}`);
    };
    load().catch(() => aborter.signal.aborted || fail());
    return () => aborter.abort();
  }, [isDrawing, file]);
  return isDrawing ? data : file.url;
}
