import { createContext } from "react";

/** Whether the page shows the API's last response. Only then may a list say that it is empty. */
export const IsCurrent = createContext(false);
