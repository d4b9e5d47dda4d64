package supervisor

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"time"
)

// maxRequestBytes bounds what the control socket reads.
const maxRequestBytes = 1 << 20

// handler is the control interface; only the user who owns the socket can reach it.
//
//	GET  /services?probe=true          -> []Snapshot
//	POST /services       []Spec        -> []Snapshot, at once; poll for readiness
//	POST /services/{name}/stop?drain=… -> Proof, when the service is stopped
//	POST /preparing?state=…&service=…  -> holds the line; the services are in that state until the caller hangs up
func (s *Supervisor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, s.snapshots(r.Context(), r.URL.Query().Get("probe") == "true"))
	})
	mux.HandleFunc("POST /services", s.handleStart)
	mux.HandleFunc("POST /services/{name}/stop", s.handleStop)
	mux.HandleFunc("POST /preparing", s.handlePreparing)
	return mux
}

func (s *Supervisor) handleStart(w http.ResponseWriter, r *http.Request) {
	var specs []Spec
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&specs); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	for _, spec := range specs {
		// The name becomes a file name.
		if spec.Name == "" || filepath.Base(spec.Name) != spec.Name || len(spec.Argv) == 0 {
			refuse(w, http.StatusBadRequest, "a service needs a plain name and a program")
			return
		}
		if _, known := s.host.backends[spec.Backend]; !known {
			refuse(w, http.StatusBadRequest, fmt.Sprintf("backend %q is not known; there are: native, docker", spec.Backend))
			return
		}
	}
	s.touch()
	for _, spec := range specs {
		found, _ := s.get(spec.Name, &spec)
		taken := make(chan struct{})
		select {
		case found.commands <- command{start: &spec, taken: taken}:
			<-taken
		case <-r.Context().Done():
			return
		}
	}
	s.touch()
	answer(w, http.StatusOK, s.snapshots(r.Context(), false))
}

func (s *Supervisor) handleStop(w http.ResponseWriter, r *http.Request) {
	drain, err := time.ParseDuration(r.URL.Query().Get("drain"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "drain: "+err.Error())
		return
	}
	found, ok := s.get(r.PathValue("name"), nil)
	if !ok {
		refuse(w, http.StatusNotFound, "no such service")
		return
	}
	s.touch()
	proof := make(chan Proof, 1)
	select {
	case found.commands <- command{drain: drain, proof: proof}:
		answer(w, http.StatusOK, <-proof)
	case <-r.Context().Done():
	}
}

func (s *Supervisor) handlePreparing(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	state := State(query.Get("state"))
	if state != Pulling && state != Planning {
		refuse(w, http.StatusBadRequest, "state must be pulling or planning")
		return
	}
	defer s.prepare(query["service"], state)()
	answer(w, http.StatusOK, struct{}{})
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
	select {
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}
