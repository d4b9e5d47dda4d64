package supervisor

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"bestbox/llmctl/machine"
)

const (
	// atOnce is the drain of a server that nobody can wait for; hungTermTimeout is how long it may take to obey a signal.
	atOnce          = -1
	hungTermTimeout = time.Second
	// secondTermTimeout is how long after the second SIGTERM, which llama-server obeys at once, the process is killed.
	secondTermTimeout = 2 * time.Second
	// killTimeout is how long the kernel may take to end a killed process that holds much memory.
	killTimeout = 10 * time.Second
	// portTimeout is how long a port may stay bound after its process is gone.
	portTimeout = 2 * time.Second
)

// memoryOf is what a process holds of the machine's and the GPU's memory, in bytes, without mapped files; 0 where it cannot be read.
func memoryOf(pid int) int64 {
	usage, err := machine.UsageOf(os.DirFS("/"), pid)
	if err != nil {
		return 0
	}
	return usage.Anonymous + usage.VRAM + usage.GTT
}

// stop ends the service because somebody asked for it.
func (s *service) stop(drain time.Duration) Proof {
	proof := s.end(drain)
	if proof.Gone {
		restarts := s.now.Restarts
		s.now = s.blank()
		s.now.Restarts = restarts
		s.enter(Stopped)
	}
	return proof
}

// end drains, ends what runs, and proves that nothing of it is left. The state is stopping then, or failed where something is: a supervisor
// whose services are all stopped goes home, so what is to be started again must never look so.
func (s *service) end(drain time.Duration) Proof {
	began := time.Now()
	proof := Proof{Name: s.spec.Name, Drained: true, Gone: true}
	s.retry = nil
	if s.running == nil { // what a supervisor started and did not live to write down
		if how, known := s.host.backends[s.spec.Backend]; known {
			found, _, err := how.find(context.Background(), s.spec)
			if s.running = found; err != nil && s.unknown {
				proof.Gone, proof.Container = false, s.spec.containerName()
				s.fail(NoEngine, fmt.Sprintf("whether it still runs is not known: %v; %s", err, NoEngine.advice()))
				return proof
			}
		}
	}
	if running := s.running; running != nil {
		proof.PID, proof.Container = running.serverPID(), s.spec.containerName()
		usesMemory := memoryOf(proof.PID)
		usable := s.now.State == Ready || s.now.State == Degraded || s.now.State == Draining
		if usable && s.spec.Model != nil && drain != atOnce {
			s.enter(Draining)
			proof.Drained = drained(s.spec.Metrics, drain, running)
		}
		s.enter(Stopping)
		patience := s.spec.TermTimeout
		if drain == atOnce {
			patience = min(patience, hungTermTimeout)
		}
		proof.Signals = insist(running, patience)
		removed := running.remove()
		proof.Gone = removed == nil && !running.alive()
		if proof.Gone {
			s.unattend()
			proof.FreedBytes = usesMemory
		}
	}
	s.checkPorts(&proof)
	proof.Seconds = time.Since(began).Seconds()
	if !proof.Gone {
		s.fail(Unknown, fmt.Sprintf("pid %d does not end, not even killed; see dmesg", proof.PID))
	}
	return proof
}

// insist tells what runs to end with growing insistence and returns the signals that were needed.
func insist(running instance, patience time.Duration) (sent []string) {
	for _, step := range []struct {
		signal syscall.Signal
		name   string
		wait   time.Duration
	}{{syscall.SIGTERM, "TERM", patience}, {syscall.SIGTERM, "TERM", min(patience, secondTermTimeout)}, {syscall.SIGKILL, "KILL", killTimeout}} {
		if running.waitFor(0) {
			return sent
		}
		running.signal(step.signal)
		sent = append(sent, step.name)
		if running.waitFor(step.wait) {
			return sent
		}
	}
	return sent
}

// checkPorts binds each port once. A stranger that holds a port of a service that did not run is no fault of the stop.
func (s *service) checkPorts(proof *Proof) {
	for _, port := range s.spec.Ports {
		free := portFree(s.spec.listenAddress(port))
		for until := time.Now().Add(portTimeout); !free && proof.Ran() && time.Now().Before(until); {
			time.Sleep(readyPoll)
			free = portFree(s.spec.listenAddress(port))
		}
		if free {
			proof.FreePorts = append(proof.FreePorts, port)
		} else {
			proof.TakenPorts = append(proof.TakenPorts, port)
		}
	}
}
