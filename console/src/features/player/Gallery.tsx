import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Cards from "@cloudscape-design/components/cards";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { type CSSProperties, useEffect, useEffectEvent, useState } from "react";
import type { OutputFile } from "../../api/types";
import { size } from "../../format";
import { text } from "../../strings";
import { factsOf } from "./fileDetails";

const DRAWING = "image/svg+xml";

/** Images: one large, or many side by side of which each can be made large. */
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
          <Still key={image.key} file={image} refresh={refresh} style={{ maxWidth: "100%", maxHeight: "60vh" }} />
        </Box>
        <Box textAlign="center" variant="small">
          {`${image.fileName}, ${size(image.size)}. ${factsOf(image)}`}
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
            content: (file) => <Still file={file} refresh={refresh} style={{ width: "100%", borderRadius: 4 }} />,
          },
          { id: "facts", content: (file) => <Box variant="small">{`${size(file.size)}. ${factsOf(file)}`}</Box> },
        ],
      }}
    />
  );
}

/** An image, by another link once, or why there is none. */
function Still({ file, refresh, style }: { file: OutputFile; refresh: () => void; style: CSSProperties }) {
  const [lost, setLost] = useState<readonly OutputFile[]>([]); // the same file, each time with a link that gave nothing
  const failed = () => {
    if (!lost.length) refresh();
    setLost([...lost, file]);
  };
  const address = useAddress(file, failed);
  if (lost.includes(file)) return <StatusIndicator type="error">{text.player.lost}</StatusIndicator>;
  return address && <img src={address} alt={file.fileName} loading="lazy" style={style} onError={failed} />;
}

/** Return what shows an image: its link, or a drawing as data, since its link says that it is bytes to be saved. */
function useAddress(file: OutputFile, failed: () => void): string | undefined {
  const [data, setData] = useState<string>();
  const fail = useEffectEvent(failed);
  const drawn = file.contentType === DRAWING;
  useEffect(() => {
    if (!drawn) return;
    const given = new AbortController();
    const load = async () => {
      const answer = await fetch(file.url, { signal: given.signal });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      // Nothing runs in a drawing that is an <img>, and browsers open no data: as a page.
      setData(`data:${DRAWING},${encodeURIComponent(await answer.text())}`);
    };
    load().catch(() => given.signal.aborted || fail());
    return () => given.abort();
  }, [drawn, file]);
  return drawn ? data : file.url;
}
