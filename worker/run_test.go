package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"

	"bestbox/internal/postgrestest"
	"bestbox/internal/programtest"
	"bestbox/internal/temporaltest"
	"bestbox/worker/queues"
	"bestbox/workflows/activities"
)

func TestRunRefusesWrongFlagsAndConfigurations(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	wrong := filepath.Join(t.TempDir(), "bestbox.yaml")
	i.write(wrong, "temporal: {adress: x}\n")
	for _, test := range []struct {
		arguments []string
		says      []string
	}{
		{[]string{"run", "--queues", "bestbox,night"}, []string{"--queues", `"night"`, "bestbox-heavy"}},
		{[]string{"run", "--queues", ""}, []string{"--queues", "bestbox-heavy"}},
		{[]string{"--queues", "night"}, []string{"--queues", `"night"`}}, // run is also what happens without a command
		{[]string{"run", "--log-level", "loud"}, []string{"--log-level", `"loud"`, "debug, info, warn, error"}},
		{[]string{"run", "now"}, []string{"now"}},
		{[]string{"run", "--fast"}, []string{"--fast"}},
		{[]string{"sing"}, []string{"sing"}},
		{[]string{"run", "--config", "/nowhere/bestbox.yaml"}, []string{"/nowhere/bestbox.yaml"}},
		{[]string{"run", "--config", wrong}, []string{wrong, "adress"}},
	} {
		t.Run(strings.Join(test.arguments, " "), func(t *testing.T) {
			t.Parallel()
			i.worker(test.arguments...).wantMessage(t, exitBadInput, test.says...)
		})
	}
}

func TestRunRefusesNamesThatNoAgentAndNoToolHas(t *testing.T) {
	t.Parallel()
	const (
		users = "roles: {chief: {agents: [erp], tools: [create_purchase_order, \"time_*\"], approve: [time_set]}}\nusers: {lin: {roles: [chief]}}\nfour_eyes: [create_purchase_order]\n"
		agent = "name: clock\ndescription: what time it is\ntools: [create_ticket]\npolicy:\n  writes:\n    create_ticket: priority == 'urgent'\n"
	)
	for name, test := range map[string]struct{ users, agent, without, says string }{
		// What its tools are called stands in the configuration. That the worker gets as far as without_tools says that the file of users has passed.
		"tools of a server that is away": {users, agent, "time_nwo", `bestbox.yaml: without_tools of the profile: there is no tool "time_nwo"`},
		"an agent of a role":             {strings.Replace(users, "erp", "erpp", 1), agent, "time_set", `users.yaml:1: roles.chief.agents: "erpp"`},
		"a tool of a role":               {strings.Replace(users, "create_purchase_order", "create_purchse_order", 1), agent, "time_set", `users.yaml:1: roles.chief.tools: "create_purchse_order"`},
		"what takes four eyes":           {strings.Replace(users, "four_eyes: [create", "four_eyes: [craete", 1), agent, "time_set", `users.yaml:3: four_eyes: "craete_purchase_order"`},
		"what is only read":              {strings.Replace(users, "approve: [time_set", "approve: [get_top_vendors", 1), agent, "time_set", `users.yaml:1: roles.chief.approve: "get_top_vendors" only reads`},
		"what a server only reads":       {strings.Replace(users, "approve: [time_set", "approve: [time_now", 1), agent, "time_set", `users.yaml:1: roles.chief.approve: "time_now" only reads`},
		"what a policy compares": {users, strings.Replace(agent, "priority ==", "tickets_open ==", 1), "time_set",
			`clock/agent.yaml:6: policy.writes.create_ticket: "tickets_open == 'urgent'" puts "urgent", which is a text, beside tickets_open, which is a number`},
		"a word that a fact never is": {users, strings.Replace(agent, "urgent", "P1", 1), "time_set", `create_ticket: "priority == 'P1'" compares priority with "P1", which it never is; allowed: high, low, normal, urgent`},
		"what a policy speaks of":     {users, strings.Replace(agent, "priority ==", "prioritty ==", 1), "time_set", `clock/agent.yaml:6: policy.writes.create_ticket: "prioritty == 'urgent'" speaks of prioritty`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstallation(t, address(programtest.FreePort(t)), false)
			folder := t.TempDir()
			if err := os.MkdirAll(filepath.Join(folder, "agents", "clock"), 0o700); err != nil {
				t.Fatal(err)
			}
			i.write(filepath.Join(folder, "users.yaml"), test.users)
			i.write(filepath.Join(folder, "agents", "clock", "agent.yaml"), test.agent)
			i.write(filepath.Join(folder, "agents", "clock", "prompt.md"), "You know what time it is.\n")
			i.change("profile: small", fmt.Sprintf(`
agents: {folder: %q}
access: {users_file: %q}
mcp: {time: {command: [/nowhere/time-server], tools: [{tool: set, effect: write}, {tool: now, effect: read}]}}
profile: small`, filepath.Join(folder, "agents"), filepath.Join(folder, "users.yaml")))
			i.change("profiles: {small: {", fmt.Sprintf("profiles: {small: {without_tools: [%s], ", test.without))
			if left := i.worker("run", "--no-http"); left.code != exitBadInput || !strings.Contains(left.stderr, test.says) {
				t.Errorf("got %+v, want %s", left, test.says)
			}
		})
	}
}

func TestRunNamesTheTakenPort(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	first := i.start(i.command("run"))
	i.says(first, `"msg":"listening"`)
	i.worker("run").wantMessage(t, exitPortTaken, "http.listen", i.listen, "--no-http")
	if state, over := first.Wait(0); over {
		t.Errorf("the first worker has ended: %s", state)
	}
}

func TestRunEndsWhenAStoreCannotBeOpened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ file, says string }{
		{"transcript.db", "records.transcript_path"},
		{"records.db", "records.db"},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			i := newInstallation(t, address(programtest.FreePort(t)), false)
			i.ownRecords()
			if err := os.MkdirAll(filepath.Join(i.state, test.file), 0o700); err != nil {
				t.Fatal(err)
			}
			i.worker("run").wantMessage(t, exitFailed, test.says)
		})
	}
}

func TestAWorkerWhoseFilesWereRemovedIsNotReady(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	own := i.ownRecords()
	i.says(i.start(i.command("run")), `"msg":"listening"`)
	const missing = "removed or replaced while it was open"
	if body := i.get("/readyz"); strings.Contains(body, missing) || !strings.Contains(body, "temporal") {
		t.Errorf("before: %s", body)
	}
	for _, path := range []string{own, filepath.Join(i.state, "transcript.db")} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if body := i.get("/readyz"); !strings.Contains(body, path+": the file was "+missing) {
			t.Errorf("without %s: %s", path, body)
		}
	}
}

func TestRunKeepsAllDataInPostgreSQLWhereThatIsNamed(t *testing.T) {
	t.Parallel()
	server := postgrestest.Shared(t)
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	name := server.Database(t, "")
	i.useServer(server, name)
	running := i.start(i.command("run"))
	i.says(running, `"msg":"listening"`)
	reply, err := http.Get("http://" + i.listen + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || strings.Contains(string(body), "records") || strings.Contains(string(body), "transcript") { // Temporal and the models are missing
		t.Errorf("/readyz replies %s, %v", body, err)
	}
	for _, file := range []string{"records.db", "transcript.db"} {
		if _, err := os.Stat(filepath.Join(i.state, file)); err == nil {
			t.Errorf("%s was made", file)
		}
	}
	server.Execute(t, name, "SELECT * FROM records.purchase_orders", "SELECT * FROM transcript.outcomes")
	running.Signal(syscall.SIGTERM)
	if got := i.finish(running); got.code != 0 {
		t.Errorf("after SIGTERM: %+v", got)
	}
}

func TestRunEndsWhenADatabaseIsNotThere(t *testing.T) {
	t.Parallel()
	i := newInstallation(t, address(programtest.FreePort(t)), false)
	i.useServer(postgrestest.Shared(t), "nowhere")
	i.worker("run").wantMessage(t, exitFailed, "nowhere", "records.database", "createdb")
}

func TestRunWaitsForTemporalAndSaysForWhat(t *testing.T) {
	t.Parallel()
	temporal := address(programtest.FreePort(t))
	i := newInstallation(t, temporal, false)
	waiting := i.start(i.command("run"))
	i.says(waiting, "Temporal cannot be reached yet; start it (llmctl up) or set temporal.address")
	if !strings.Contains(waiting.Log(), fmt.Sprintf("%q:%q", "address", temporal)) {
		t.Errorf("the log does not name the address: %s", waiting.Log())
	}
	reply, err := http.Get("http://" + i.listen + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "Temporal does not answer at "+temporal) {
		t.Errorf("/readyz replies %s %s, %v", reply.Status, body, err)
	}
	i.worker("ask", "hello").wantMessage(t, exitUnreachable, "Temporal", temporal, "llmctl up")
	waiting.Signal(syscall.SIGTERM)
	if got := i.finish(waiting); got.code != 0 || got.stdout != "" || strings.Contains(got.stderr, "worker: ") {
		t.Errorf("after SIGTERM: %+v", got)
	}
}

func TestRunPollsOnlyTheQueuesItIsGivenAndStopsInOrder(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	temporal := dial(t, server)
	i := newInstallation(t, server.Address, false)
	process := i.start(i.command("run", "--no-http", "--queues", "bestbox-heavy,bestbox-light"))
	i.says(process, `"msg":"ready"`)
	polled := func(queue string) bool {
		described, err := temporal.DescribeTaskQueue(t.Context(), queue, enums.TASK_QUEUE_TYPE_ACTIVITY)
		return err == nil && len(described.GetPollers()) > 0
	}
	for _, queue := range []string{"bestbox-heavy", "bestbox-light"} {
		eventually(t, queue+" is polled", func() bool { return polled(queue) })
	}
	if polled("bestbox") {
		t.Error("the queue bestbox is polled")
	}
	if reply, err := http.Get("http://" + i.listen); err == nil {
		reply.Body.Close()
		t.Error("something listens in spite of --no-http")
	}
	process.Signal(os.Interrupt)
	if got := i.finish(process); got.code != 0 || !strings.Contains(got.stderr, `"msg":"stopped"`) {
		t.Errorf("got %+v", got)
	}
}

func TestRunThatTemporalRefusesEnds(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	i := newInstallation(t, server.Address, false)
	i.change("ui_port: 1", "ui_port: 1, namespace: nowhere")
	got := i.worker("run")
	if got.code != exitFailed || !strings.Contains(got.stderr, "nowhere") {
		t.Errorf("got %+v", got)
	}
}

// A worker that is told to stop in the middle of a step lets it go on for a while and then hands it over; told twice, it ends at once. The
// next worker takes the step.
func TestStoppingRunHandsTheStepOverAndASecondSignalEndsItAtOnce(t *testing.T) {
	t.Parallel()
	server := temporaltest.New(t)
	temporal := dial(t, server)
	i := newInstallation(t, server.Address, true)
	first := i.run()
	asking, id := i.asked(temporal, "How much stock of A-100 is left?")
	began := time.Now()
	first.Signal(syscall.SIGTERM)
	if got := i.finish(first); got.code != 0 || !strings.Contains(got.stderr, `"msg":"stopped"`) || time.Since(began) > queues.StopTimeout+5*time.Second {
		t.Errorf("after SIGTERM and %s: %+v", time.Since(began), got)
	}
	step := func() *workflow.PendingActivityInfo {
		described, err := temporal.DescribeWorkflowExecution(t.Context(), id, "")
		if err != nil || len(described.GetPendingActivities()) != 1 {
			t.Fatalf("want one step that is waited for, got %v, %v", described.GetPendingActivities(), err)
		}
		return described.GetPendingActivities()[0]
	}
	if got := step().GetLastFailure().GetApplicationFailureInfo().GetType(); got != activities.ErrorHandedOver {
		t.Errorf("the step was left with %q, want %s", got, activities.ErrorHandedOver)
	}
	second := i.run()
	eventually(t, "the second worker has the step", func() bool { return step().GetState() == enums.PENDING_ACTIVITY_STATE_STARTED })
	second.Signal(syscall.SIGTERM)
	i.says(second, "a second signal ends at once")
	began = time.Now()
	second.Signal(syscall.SIGTERM)
	state, over := second.Wait(soon)
	if !over || time.Since(began) > 5*time.Second {
		t.Fatalf("over: %t after %s", over, time.Since(began))
	}
	if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %s", state)
	}
	// The question outlives both workers.
	if _, over := asking.Wait(0); over {
		t.Errorf("worker ask has given up: %s", asking.Log())
	}
	if status := statusOf(t, temporal, id); status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		t.Errorf("the run is %s", status)
	}
}
