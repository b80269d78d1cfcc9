import { createContext } from "react";

/** Whether what is shown is the API's last answer. Only then may a list be called empty. */
export const Answered = createContext(false);
