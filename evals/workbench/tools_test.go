package workbench

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bestbox/tools"
)

// smallWorld has two rows of everything, not in the order of their ids.
func smallWorld() *World {
	return &World{
		Events: Table{[]string{"event_id", "event_name", "participant_email", "event_start", "duration"}, [][]string{
			{"00000007", "Sync Up", "luis.ortiz@atlas.com", "2023-12-01 09:00:00", "30"},
			{"00000003", "Review", "nia.johnson@atlas.com", "2023-12-04 10:00:00", "60"}}},
		Emails: Table{[]string{"email_id", "inbox/outbox", "sender/recipient", "subject", "sent_datetime", "body"}, [][]string{
			{"00000009", "inbox", "luis.ortiz@atlas.com", "Budget", "2023-11-01 09:00:00", `Hi,\nthe budget`},
			{"00000002", "outbox", "nia.johnson@atlas.com", "Gala", "2023-11-20 09:00:00", "See you"}}},
		Plots: Table{Columns: []string{"file_path"}},
		Tasks: Table{[]string{"task_id", "task_name", "assigned_to_email", "list_name", "due_date", "board"}, [][]string{
			{"00000005", "Add logs", "luis.ortiz@atlas.com", "Backlog", "2023-11-20", "Back end"},
			{"00000001", "New logo", "nia.johnson@atlas.com", "Completed", "2023-11-10", "Design"}}},
		Customers: Table{[]string{"customer_id", "assigned_to_email", "customer_name", "customer_email", "customer_phone", "last_contact_date",
			"product_interest", "status", "follow_up_by", "notes"}, [][]string{
			{"00000004", "luis.ortiz@atlas.com", "Ada Roe", "ada@x", "", "2023-11-01", "Software", "Lead", "", ""},
			{"00000008", "nia.johnson@atlas.com", "Ben Poe", "ben@x", "", "2023-10-01", "Services", "Won", "2023-12-24", "x"}}},
		Visits: Table{[]string{"date_of_visit", "visitor_id", "page_views", "session_duration_seconds", "traffic_source", "user_engaged"}, [][]string{
			{"2023-11-02", "0002", "1", "10", "direct", "True"}, {"2023-11-01", "0001", "2", "5", "referral", "False"},
			{"2023-11-02", "0003", "3", "21", "social media", "False"}}},
		Directory: []string{"luis.ortiz@atlas.com", "nia.johnson@atlas.com"},
	}
}

// changes are the rows that stand in one state and not in the other.
func changes(before, after *World) (gone, come []string) {
	theirs := after.state()
	for index, table := range before.state() {
		of := func(rows [][]string) (lines []string) {
			for _, row := range rows {
				lines = append(lines, strings.Join(row, "|"))
			}
			return lines
		}
		was, is := of(table.Rows), of(theirs[index].Rows)
		for _, line := range was {
			if !slices.Contains(is, line) {
				gone = append(gone, line)
			}
		}
		for _, line := range is {
			if !slices.Contains(was, line) {
				come = append(come, line)
			}
		}
	}
	return gone, come
}

func TestEveryChangeIsMadeAsInTheSandboxOfTheSet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ domain, tool, arguments, gone, come string }{
		{"calendar", "calendar_create_event", `{"event_name":"Talk","participant_email":"Nia.Johnson@atlas.com","event_start":"2023-12-05 09:00:00","duration":"45"}`,
			"", "00000008|Talk|nia.johnson@atlas.com|2023-12-05 09:00:00|45"},
		{"calendar", "calendar_update_event", `{"event_id":"00000007","field":"event_name","new_value":"Catch-Up"}`,
			"00000007|Sync Up|luis.ortiz@atlas.com|2023-12-01 09:00:00|30", "00000007|Catch-Up|luis.ortiz@atlas.com|2023-12-01 09:00:00|30"},
		{"calendar", "calendar_update_event", `{"event_id":"EV-00000003","field":"participant_email","new_value":"LUIS.ORTIZ@atlas.com"}`,
			"00000003|Review|nia.johnson@atlas.com|2023-12-04 10:00:00|60", "00000003|Review|luis.ortiz@atlas.com|2023-12-04 10:00:00|60"},
		{"calendar", "calendar_delete_event", `{"event_id":"00000003"}`, "00000003|Review|nia.johnson@atlas.com|2023-12-04 10:00:00|60", ""},
		{"email", "email_send_email", `{"recipient":"Nia.Johnson@atlas.com","subject":"Hi","body":"a\\nb"}`, "",
			"10|outbox|nia.johnson@atlas.com|Hi|2023-11-30 00:00:00|a\nb"},
		{"email", "email_reply_email", `{"email_id":"00000009","body":"Thanks"}`, "", "10|outbox|luis.ortiz@atlas.com|Budget|2023-11-30 00:00:00|Thanks"},
		{"email", "email_forward_email", `{"email_id":"00000009","recipient":"nia.johnson@atlas.com"}`, "",
			`10|outbox|nia.johnson@atlas.com|FW: Budget|2023-11-30 00:00:00|Hi,\nthe budget`},
		{"email", "email_delete_email", `{"email_id":"EM-00000002"}`, "00000002|outbox|nia.johnson@atlas.com|Gala|2023-11-20 09:00:00|See you", ""},
		{"customer_relationship_manager", "customer_relationship_manager_add_customer",
			`{"customer_name":"Cy Doe","assigned_to_email":"NIA.johnson@atlas.com","status":"Lead","customer_email":"Cy@X"}`, "",
			"00000009|nia.johnson@atlas.com|Cy Doe|cy@x||||Lead||"},
		{"customer_relationship_manager", "customer_relationship_manager_update_customer", `{"customer_id":"00000004","field":"status","new_value":"Lost"}`,
			"00000004|luis.ortiz@atlas.com|Ada Roe|ada@x||2023-11-01|Software|Lead||", "00000004|luis.ortiz@atlas.com|Ada Roe|ada@x||2023-11-01|Software|Lost||"},
		{"customer_relationship_manager", "customer_relationship_manager_delete_customer", `{"customer_id":"00000008"}`,
			"00000008|nia.johnson@atlas.com|Ben Poe|ben@x||2023-10-01|Services|Won|2023-12-24|x", ""},
		{"project_management", "project_management_create_task",
			`{"task_name":"Write docs","assigned_to_email":"Nia.Johnson@atlas.com","list_name":"Backlog","due_date":"2023-12-05","board":"Design"}`, "",
			"00000006|Write docs|nia.johnson@atlas.com|Backlog|2023-12-05|Design"},
		{"project_management", "project_management_update_task", `{"task_id":"00000005","field":"assigned_to_email","new_value":"NIA.JOHNSON@atlas.com"}`,
			"00000005|Add logs|luis.ortiz@atlas.com|Backlog|2023-11-20|Back end", "00000005|Add logs|nia.johnson@atlas.com|Backlog|2023-11-20|Back end"},
		{"project_management", "project_management_delete_task", `{"task_id":"TK-00000005"}`, "00000005|Add logs|luis.ortiz@atlas.com|Backlog|2023-11-20|Back end", ""},
		{"analytics", "analytics_create_plot", `{"time_min":"2023-11-01","time_max":"2023-11-29","value_to_plot":"user_engaged","plot_type":"bar"}`, "",
			"plots/2023-11-01_2023-11-29_user_engaged_bar.png"},
	} {
		t.Run(test.tool+test.arguments, func(t *testing.T) {
			t.Parallel()
			start := smallWorld()
			after := replay(start, test.domain, []Call{{test.tool, json.RawMessage(test.arguments)}})
			gone, come := changes(start, after)
			assert.Equal(t, test.gone, strings.Join(gone, "; "))
			assert.Equal(t, test.come, strings.Join(come, "; "))
			assert.True(t, start.Same(smallWorld(), false), "the start is left alone")
		})
	}
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	t.Parallel()
	for domain, calls := range map[string][]string{
		"calendar": {`calendar_create_event {"event_name":"x","participant_email":"a@b.c","event_start":"2023-12-05 03:30:00","duration":"30"}`,
			`calendar_update_event {"event_id":"EV-00000003","field":"event_start","new_value":"2023-12-05 18:00:00"}`,
			`calendar_delete_event {"event_id":"00000099"}`, `calendar_update_event {"event_id":"00000007","field":"colour","new_value":"x"}`,
			`calendar_update_event {"event_id":"00000007","field":"event_start","new_value":"tomorrow"}`,
			`calendar_create_event {"event_name":"x","participant_email":"a@b.c","event_start":"2023-02-30 09:00:00","duration":"30"}`,
			`calendar_create_event {"event_name":"x"}`, `calendar_delete_event {"event_id":"TK-00000007"}`, `email_delete_email {"email_id":"00000009"}`},
		"email": {`email_send_email {"recipient":"nia","subject":"x","body":"y"}`, `email_send_email {"recipient":"nia@atlas.com","subject":"","body":"y"}`,
			`email_reply_email {"email_id":"00000099","body":"x"}`, `email_forward_email {"email_id":"00000009","recipient":"nia@atlas"}`},
		"customer_relationship_manager": {`customer_relationship_manager_update_customer {"customer_id":"00000004","field":"status","new_value":"lost"}`,
			`customer_relationship_manager_update_customer {"customer_id":"00000004","field":"product_interest","new_value":"Boats"}`,
			`customer_relationship_manager_add_customer {"customer_name":"x","assigned_to_email":"a@b.c","status":"Friend"}`},
		"project_management": {`project_management_update_task {"task_id":"00000005","field":"assigned_to_email","new_value":"stranger@atlas.com"}`,
			`project_management_update_task {"task_id":"00000005","field":"list_name","new_value":"done"}`,
			`project_management_update_task {"task_id":"00000005","field":"board","new_value":"Ops"}`,
			`project_management_update_task {"task_id":"00000005","field":"due_date","new_value":"2023-13-01"}`,
			`project_management_create_task {"task_name":"x","assigned_to_email":"stranger@atlas.com","list_name":"Backlog","due_date":"2023-12-05","board":"Design"}`,
			`project_management_create_task {"task_name":"x","assigned_to_email":"nia.johnson@atlas.com","list_name":"Backlog","due_date":"soon","board":"Design"}`},
		"analytics": {`analytics_create_plot {"time_min":"2023-11-31","time_max":"2023-11-29","value_to_plot":"user_engaged","plot_type":"bar"}`,
			`analytics_create_plot {"time_min":"2023-11-01","time_max":"2023-11-29","value_to_plot":"clicks","plot_type":"bar"}`,
			`analytics_create_plot {"time_min":"2023-11-01","time_max":"2023-11-30","value_to_plot":"user_engaged","plot_type":"bar"}`},
	} {
		world := smallWorld()
		available := toolsOf(domain, world)
		for _, written := range calls {
			name, arguments, _ := strings.Cut(written, " ")
			answer := perform(t.Context(), available, Call{name, json.RawMessage(arguments)}, written)
			assert.True(t, strings.HasPrefix(answer[0], refused), "%s: %s", written, answer)
			assert.True(t, world.Same(smallWorld(), false), written)
		}
	}
}

func TestAChangeIsMadeOncePerKeyAndPreviewedWithoutOne(t *testing.T) {
	t.Parallel()
	world := smallWorld()
	available := toolsOf("calendar", world)
	at := slices.IndexFunc(available, func(tool *tools.Tool) bool { return tool.Name() == "calendar_create_event" })
	arguments := json.RawMessage(`{"event_name":"x","participant_email":"a@b.c","event_start":"2023-12-05 09:00:00","duration":"30"}`)
	change, err := available[at].Preview(t.Context(), arguments)
	require.NoError(t, err)
	assert.Equal(t, `The event "x" was created.`, change.Summary)
	assert.Len(t, world.Events.Rows, 2)
	for range 2 {
		result, err := available[at].Apply(t.Context(), "key", arguments)
		require.NoError(t, err)
		assert.Equal(t, change.Summary, result.Sentences[0])
	}
	assert.Len(t, world.Events.Rows, 3)
}

func TestSearchesFindWhatTheSetSays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ domain, tool, arguments, says string }{
		{"calendar", "calendar_search_events", `{"query":"LUIS"}`, `1 events: EV-00000007 "Sync Up" with luis.ortiz@atlas.com at 2023-12-01 09:00:00 for 30 minutes.`},
		{"calendar", "calendar_search_events", `{"time_min":"2023-12-01 09:00:01"}`, `1 events: EV-00000003`},
		{"calendar", "calendar_search_events", `{"time_max":"2023-12-01 09:00:00"}`, `1 events: EV-00000007`},
		{"calendar", "calendar_search_events", `{"query":"nobody"}`, `There are no such events.`},
		{"calendar", "calendar_get_event_information_by_id", `{"event_id":"00000003","field":"duration"}`, `The duration of EV-00000003 is 60.`},
		{"email", "email_search_emails", `{}`, `2 e-mails: EM-00000002 to nia.johnson@atlas.com, sent at 2023-11-20 09:00:00, "Gala"; EM-00000009 from`},
		{"email", "email_search_emails", `{"query":"budget luis"}`, `1 e-mails: EM-00000009`},
		{"email", "email_search_emails", `{"query":"budget nia"}`, `There are no such e-mails.`},
		{"email", "email_search_emails", `{"query":"unheard budget"}`, `No e-mail holds "unheard", which was left out.`},
		{"email", "email_search_emails", `{"query":"unheard"}`, `There are no such e-mails.`},
		{"email", "email_search_emails", `{"date_min":"2023-11-20","date_max":"2023-11-20"}`, `1 e-mails: EM-00000002`},
		{"customer_relationship_manager", "customer_relationship_manager_search_customers", `{"follow_up_by_max":"2023-12-31"}`, `1 customers: CU-00000008`},
		{"customer_relationship_manager", "customer_relationship_manager_search_customers", `{"status":"Lead","assigned_to_email":"luis"}`, `1 customers: CU-00000004`},
		{"project_management", "project_management_search_tasks", `{"assigned_to_email":"luis"}`,
			`1 tasks: TK-00000005 "Add logs" of luis.ortiz@atlas.com, Backlog, due on 2023-11-20 (overdue), Back end.`},
		{"project_management", "project_management_search_tasks", `{"list_name":"Completed"}`, `Completed, due on 2023-11-10, Design.`},
		{"analytics", "analytics_total_visits_count", `{"time_min":"2023-11-01","time_max":"2023-11-30"}`,
			"From 2023-11-01 to 2023-11-02 the visits were 3 in sum; the lowest day had 1, the highest 2. It was 1 on the first day and 2 on the last, a change of 100%. 2023-11-01: 1, 2023-11-02: 2."},
		{"analytics", "analytics_get_average_session_duration", `{"time_min":"2023-11-02","time_max":"2023-11-02"}`, "15.5"},
		{"analytics", "analytics_engaged_users_count", `{"time_min":"2023-11-01","time_max":"2023-11-02"}`, "2023-11-01: 0, 2023-11-02: 1."},
		{"analytics", "analytics_traffic_source_count", `{"time_min":"2023-11-01","time_max":"2023-11-02","traffic_source":"social media"}`, "2023-11-01: 0, 2023-11-02: 1."},
		{"analytics", "analytics_total_visits_count", `{"time_min":"2022-11-01","time_max":"2022-11-30"}`, "There are no visits"},
		{"analytics", "analytics_get_visitor_information_by_id", `{"visitor_id":"0002"}`, "1 visits: on 2023-11-02 from direct, 1 pages, 10 seconds, engaged: True."},
		{"email", "company_directory_find_email_address", `{"name":"NIA"}`, "nia.johnson@atlas.com."},
		{"email", "company_directory_find_email_address", `{"name":"zoe"}`, "Nobody in the directory is called zoe."},
	} {
		said := perform(t.Context(), toolsOf(test.domain, smallWorld()), Call{test.tool, json.RawMessage(test.arguments)}, "k")
		assert.Contains(t, strings.Join(said, " "), test.says, "%s %s", test.tool, test.arguments)
	}
}

func TestASearchShowsFiveAndSaysHowManyMore(t *testing.T) {
	t.Parallel()
	world := smallWorld()
	for range 3 {
		world.Events.Rows = append(world.Events.Rows, world.Events.Rows...)
	}
	said := perform(t.Context(), toolsOf("calendar", world), Call{Tool: "calendar_search_events"}, "k")
	assert.Equal(t, 5, strings.Count(said[0], "EV-"))
	assert.Contains(t, said[0], "16 events, the first 5 are: ")
	assert.Equal(t, "And 11 more: ask with narrower bounds.", said[1])
}
