package workbench

import (
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
)

// mostFound is how many rows a search shows, as upstream's do.
const mostFound = 5

func calendarTools(s *session) []*tools.Tool {
	return []*tools.Tool{
		ordered(s, "EV:first|earliest", "calendar_search_events", "Finds events by a part of their name or of a participant's address, and by when they start, the earliest first.", searchEvents),
		reads(s, "calendar_get_event_information_by_id", "One field of an event.", func(w *World, in eventField) (said, error) {
			return information(&w.Events, in.EventID, in.Field)
		}),
		writes(s, "calendar_create_event", "Puts an event into the calendar.", createEvent),
		writes(s, "calendar_update_event", "Changes one field of an event.", updateEvent),
		writes(s, "calendar_delete_event", "Deletes an event.", func(w *World, in eventID) (said, error) { return deleted(&w.Events, in.EventID) }),
	}
}

type eventSearch struct {
	spelling
	Query   string `json:"query,omitempty" jsonschema_description:"A part of the event's name or of a participant's address."`
	TimeMin string `json:"time_min,omitempty" jsonschema:"example=2023-01-31 00:00:00" jsonschema_description:"Starts at this time or later."`
	TimeMax string `json:"time_max,omitempty" jsonschema:"example=2023-01-31 23:59:59" jsonschema_description:"Starts at this time or earlier."`
}

func searchEvents(world *World, in eventSearch) (said, error) {
	found := world.Events.where(func(cell func(string) string) bool {
		return (has(cell("event_name"), in.Query) || has(cell("participant_email"), in.Query)) && between(cell("event_start"), in.TimeMin, in.TimeMax)
	})
	slices.SortStableFunc(found, func(a, b []string) int { return strings.Compare(a[3], b[3]) })
	return listed(found, mostFound, "events", func(row []string) string {
		return fmt.Sprintf("EV-%s %q with %s at %s for %s minutes", row[0], row[1], row[2], row[3], row[4])
	}), nil
}

type eventID struct {
	spelling
	EventID string `json:"event_id" jsonschema:"pattern=^EV-[0-9]+$,example=EV-00000000"`
}

type eventField struct {
	eventID
	Field string `json:"field" jsonschema:"enum=event_name,enum=participant_email,enum=event_start,enum=duration"`
}

type eventChange struct {
	eventField
	NewValue string `json:"new_value" jsonschema:"minLength=1"`
}

type newEvent struct {
	spelling
	EventName        string `json:"event_name" jsonschema:"minLength=1" jsonschema_extras:"x-said=create|add|new|schedule|book|plan|arrange|set up|organise|organize|put|make|invite|meet|set"`
	ParticipantEmail string `json:"participant_email" jsonschema:"minLength=1" jsonschema_extras:"x-addressees=mail"`
	EventStart       string `json:"event_start" jsonschema:"example=2023-01-31 09:00:00"`
	Duration         string `json:"duration" jsonschema:"pattern=^[1-9][0-9]*$,example=30" jsonschema_extras:"x-time=minutes" jsonschema_description:"Minutes."`
}

func createEvent(world *World, in newEvent) (said, error) {
	if err := isWorkingTime("event_start", in.EventStart); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("%08d", world.Events.largestID()+1)
	world.Events.Rows = append(world.Events.Rows, []string{id, in.EventName, strings.ToLower(in.ParticipantEmail), in.EventStart, in.Duration})
	return said{fmt.Sprintf("The event %q was created.", in.EventName)}, nil
}

// isWorkingTime refuses what begins at night: upstream tells its agents that meetings lie between 9 and 18.
func isWorkingTime(field, value string) error {
	if err := isTime(field, value); err != nil {
		return err
	}
	if clock := value[len("2023-12-01 "):]; clock < "09:00:00" || clock >= "18:00:00" {
		return wrong(field, value, "a time from 09:00 to 18:00")
	}
	return nil
}

func updateEvent(world *World, in eventChange) (said, error) {
	value := in.NewValue
	switch in.Field {
	case "participant_email":
		value = strings.ToLower(value)
	case "event_start":
		if err := isWorkingTime("new_value", value); err != nil {
			return nil, err
		}
	}
	return updated(&world.Events, in.EventID, in.Field, value)
}
