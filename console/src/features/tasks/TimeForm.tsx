import DateInput from "@cloudscape-design/components/date-input";
import FormField from "@cloudscape-design/components/form-field";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TimeInput from "@cloudscape-design/components/time-input";
import * as text from "../../strings";
import { isoTimeOf, localTimeOf } from "./localTime";

/** A time to filter by, in the local time zone. */
export default function TimeForm({ value, onChange }: { value: string | null; onChange: (value: string | null) => void }) {
  const { date, time } = localTimeOf(value);
  const change = (nextDate: string, nextTime: string) => onChange(isoTimeOf(nextDate, nextTime));
  return (
    <SpaceBetween size="s">
      <FormField label={text.tasks.date} constraintText={text.tasks.dateForm}>
        <DateInput value={date} placeholder="YYYY/MM/DD" onChange={(event) => change(event.detail.value, time)} />
      </FormField>
      <FormField label={text.tasks.time} constraintText={text.tasks.timeForm}>
        <TimeInput value={time} format="hh:mm:ss" placeholder="hh:mm:ss" onChange={(event) => change(date, event.detail.value)} />
      </FormField>
    </SpaceBetween>
  );
}
