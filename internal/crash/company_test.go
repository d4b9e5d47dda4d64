package crash

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	temporalclient "go.temporal.io/sdk/client"

	"bestbox/internal/crash/stops"
	"bestbox/internal/database"
	"bestbox/internal/postgrestest"
	"bestbox/internal/programs"
	"bestbox/internal/programtest"
	"bestbox/internal/records"
	"bestbox/internal/records/recordstest"
	"bestbox/worker/client"
)

// elsewhere are the systems that all companies share; each has a folder of its own there, and a subject for its mail.
type elsewhere struct {
	mail      mailServer
	calendars calendarServer
}

// company is one installation of BestBox, with a worker that is killed at a point.
type company struct {
	t       *testing.T
	points  *points
	systems elsewhere
	// name is the company's own among all, where they share a server.
	name    string
	orders  int // that there were before
	records database.Location
	binary  string
	command func() *exec.Cmd
	process *programs.Process
	run     string // the id of the run, once it is known
	http    *client.Client
}

// limit is how long anything may take, with all lanes busy on two cores.
const limit = 90 * time.Second

// calendars are those of the people of the meeting, and of its room.
var calendars = []string{"wei.chen", "xiaoyan.lin", "ROOM-03"}

// companies counts them.
var companies atomic.Int64

// newCompany makes a company in a lane, which is free again when the test ends. Nothing is started yet.
func newCompany(t *testing.T, store recordstest.Store, systems elsewhere, target string) *company {
	t.Helper()
	lane := <-free
	t.Cleanup(func() { free <- lane })
	c := &company{t: t, points: newPoints(target), systems: systems, name: fmt.Sprint("company-", companies.Add(1)), records: store.Copy(t), binary: shippedWorker}
	systems.calendars.make(t, c.name, calendars...)
	c.prepare()
	folder, listen := t.TempDir(), net.JoinHostPort("127.0.0.1", strconv.Itoa(lane.port))
	arguments, environment := []string{"run", "--config", c.configure(folder, listen, lane.namespace)}, os.Environ()
	if c.records.URL == "" {
		c.binary, environment = stoppingWorker, append(environment, stops.Variable+"="+stopsSQLite(t, folder, c.points))
	}
	c.command = func() *exec.Cmd {
		command := exec.Command(c.binary, arguments...)
		command.Env = environment
		return command
	}
	var err error
	if c.http, err = client.New("http://"+listen, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c.process != nil {
			c.process.Kill()
		}
		if t.Failed() {
			c.giveUp(lane.namespace)
		}
	})
	return c
}

// configure writes a configuration in which everything that the worker talks to is reached through the test.
func (c *company) configure(folder, listen, namespace string) (path string) {
	c.t.Helper()
	model := &scriptedModel{points: c.points, script: script}
	path = filepath.Join(folder, "bestbox.yaml")
	written(c.t, path, fmt.Sprintf(`
profile: small
directories: {state: %q}
temporal: {address: %q, namespace: %s, ui_port: 1}
http: {listen: %q}
agents: {folder: %q}
records: %s
connections:
  smtp: {address: %q, tls: none}
  caldav: {url: %q, user: %s, password_file: %q, employees: '{user}/', rooms: '{id}/'}
profiles: {small: {tiers: {heavy: {port: %s}, light: {port: %s}, embed: {port: %d}}}}
`, filepath.Join(folder, "state"), throughTemporal(c.t, temporal.Address, c.points), namespace, listen, absolute(c.t, "testdata/agents"), c.recordsSettings(folder),
		c.systems.mail.through(c.t, c.points), c.systems.calendars.through(c.t, c.name, c.points), calendarUser, c.systems.calendars.passwordFile,
		model.start(c.t), model.start(c.t), programtest.FreePort(c.t)))
	return path
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	whole, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// recordsSettings say where the worker finds the company's data. A server it reaches through the test.
func (c *company) recordsSettings(folder string) string {
	if c.records.URL == "" {
		return fmt.Sprintf("{path: %q, transcript_path: %q}", c.records.Path, filepath.Join(folder, "transcript.db"))
	}
	server := postgrestest.Shared(c.t).Address()
	url := strings.Replace(c.records.URL, server, throughPostgres(c.t, server, c.points), 1)
	return fmt.Sprintf("{database: %q, password_file: %q}", url, c.records.PasswordFile)
}

// start starts the worker and returns when it polls.
func (c *company) start() {
	c.t.Helper()
	process, err := programs.Start(c.command())
	if err != nil {
		c.t.Fatal(err)
	}
	c.process = process
	if err := process.Ready(limit, func(context.Context) error {
		if !strings.Contains(process.Log(), `"msg":"ready"`) {
			return fmt.Errorf("it is not ready")
		}
		return nil
	}); err != nil {
		c.t.Fatal(err)
	}
}

// prepare gives the draft that is sent the company's name for a subject, and counts the orders.
func (c *company) prepare() {
	c.t.Helper()
	c.query(func(db *sql.DB) error {
		if _, err := db.ExecContext(c.t.Context(), "UPDATE mail_drafts SET subject = ? WHERE id = 'DRF-2026-0001'", c.name); err != nil {
			return err
		}
		return db.QueryRowContext(c.t.Context(), "SELECT count(*) FROM purchase_orders").Scan(&c.orders)
	})
}

// query opens the records beside the worker.
func (c *company) query(ask func(db *sql.DB) error) {
	c.t.Helper()
	db, err := records.Open(c.t.Context(), c.records)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	if err := ask(db.SQL()); err != nil {
		c.t.Fatal(err)
	}
}

// giveUp ends a run that has not ended by itself: the next company in this lane would get its tasks.
func (c *company) giveUp(namespace string) {
	connected, err := temporalclient.Dial(temporalclient.Options{HostPort: temporal.Address, Namespace: namespace, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		c.t.Log(err)
		return
	}
	defer connected.Close()
	if c.run != "" {
		_ = connected.TerminateWorkflow(context.Background(), c.run, "", "the test is over") // one that has ended cannot be
	}
}
