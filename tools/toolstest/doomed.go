package toolstest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"bestbox/internal/database"
	"bestbox/internal/records"
	"bestbox/tools"
)

// Doomed is a worker of its own process that a test ends with SIGKILL while it makes a write: the test's own program, whose TestMain calls Obey where it finds
// OrderVariable in its environment.
type Doomed struct {
	command  *exec.Cmd
	once     sync.Once
	starting sync.Mutex
	failed   error
	killed   chan struct{}
}

// NewDoomed returns a worker that has not been started.
func NewDoomed(t testing.TB) *Doomed {
	return &Doomed{command: exec.CommandContext(t.Context(), os.Args[0]), killed: make(chan struct{})}
}

// Kill ends the worker, once. Whoever serves it calls this while the worker waits for a reply.
func (d *Doomed) Kill() {
	d.once.Do(func() {
		d.starting.Lock() // only what has been started is killed
		defer d.starting.Unlock()
		d.failed = d.command.Process.Kill()
		_ = d.command.Wait() // it was killed: its end is an error
		close(d.killed)
	})
}

// OrderVariable holds the order of a worker, as JSON.
const OrderVariable = "BESTBOX_TEST_ORDER"

// Order is the write that a worker makes.
type Order struct {
	Records   database.Location
	Tool, Key string
	Arguments json.RawMessage
	// Server is where the write is made, and PasswordFile what it is told there.
	Server, PasswordFile string
}

// Run starts the worker, and waits until it was killed.
func (d *Doomed) Run(t testing.TB, order Order) {
	t.Helper()
	what, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	d.command.Env = append(os.Environ(), OrderVariable+"="+string(what))
	d.starting.Lock()
	err = d.command.Start()
	d.starting.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.killed:
	case <-time.After(time.Minute):
		t.Fatal("the worker never came to where it is killed")
	}
	if d.failed != nil {
		t.Fatal(d.failed)
	}
}

// Obey is what the worker does, and returns its exit status: it makes the write that the variable orders with one of the tools over the records.
func Obey(over func(Order, *records.DB) ([]*tools.Tool, error)) (status int) {
	if err := obey(over); err != nil {
		fmt.Println(err)
		return 2
	}
	return 0
}

func obey(over func(Order, *records.DB) ([]*tools.Tool, error)) error {
	var order Order
	if err := json.Unmarshal([]byte(os.Getenv(OrderVariable)), &order); err != nil {
		return err
	}
	db, err := records.Open(context.Background(), order.Records)
	if err != nil {
		return err
	}
	list, err := over(order, db)
	if err != nil {
		return err
	}
	registry, err := tools.NewRegistry(list...)
	if err != nil {
		return err
	}
	tool, found := registry.Get(order.Tool)
	if !found {
		return fmt.Errorf("there is no tool %s", order.Tool)
	}
	_, err = tool.Apply(context.Background(), order.Key, order.Arguments)
	return err
}
