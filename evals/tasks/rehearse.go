package tasks

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"bestbox/agents"
	"bestbox/evals/person"
	"bestbox/evals/state"
	"bestbox/internal/config"
	"bestbox/internal/database"
	"bestbox/internal/knowledge/demodocuments"
	"bestbox/internal/knowledge/library"
	"bestbox/internal/records"
	"bestbox/tools"
	"bestbox/tools/areas"
	"bestbox/tools/knowledge"
)

// company is a demo company that calls are made in without a model.
type company struct {
	db        *records.DB
	documents *library.Library
	tools     *tools.Registry
}

// everyDomain finds the documents of all agents: which one the model asks is not rehearsed.
type everyDomain struct{ *library.Library }

func (e everyDomain) Search(ctx context.Context, query library.Query) (library.Found, error) {
	query.AllDomains = true
	return e.Library.Search(ctx, query)
}

// openCompany opens a fresh company in a folder of its own, whose tools find these documents; nil: those of the company itself, by their words, since no model is asked.
func openCompany(ctx context.Context, fresh []byte, folder string, documents *library.Library) (opened *company, err error) {
	path := filepath.Join(folder, "records.db")
	if err := os.WriteFile(path, fresh, 0o600); err != nil {
		return nil, err
	}
	db, err := records.Open(ctx, database.Location{Path: path})
	if err != nil {
		return nil, err
	}
	if documents == nil {
		documents, err = demodocuments.ByWords(ctx, db, filepath.Join(folder, "knowledge.db"))
	}
	opened = &company{db: db, documents: documents}
	if err == nil {
		opened.tools, err = areas.Tools(db, config.Connections{}, knowledge.Options{Documents: everyDomain{documents}})
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return opened, nil
}

// rehearse makes calls as a run makes them whose person says what the task says, and returns what their results say.
func (s *suite) rehearse(ctx context.Context, in *company, task *Task, calls []agents.Call) (said []string, err error) {
	outsiders := false
	for index, call := range calls {
		tool, found := in.tools.Get(call.Tool)
		if !found {
			return nil, fmt.Errorf("there is no tool %q", call.Tool)
		}
		var result tools.Result
		var refused string
		if tool.Effect() == tools.Write {
			result, refused, err = s.write(ctx, tool, task, call, strconv.Itoa(index), outsiders)
		} else {
			result, err = tool.Call(ctx, call.Arguments)
		}
		if wrong, ok := errors.AsType[*tools.ArgumentError](err); ok {
			refused, err = wrong.Error(), nil
		}
		if err != nil {
			return nil, err
		}
		if refused != "" {
			result.Sentences = []string{"Not done: " + refused}
		}
		said = append(said, result.Sentences...)
		outsiders = outsiders || tool.Outsiders()
	}
	return said, nil
}

// write makes a call that writes, where the agent's policy and the person agree, or says why not.
func (s *suite) write(ctx context.Context, tool *tools.Tool, task *Task, call agents.Call, key string, outsiders bool) (result tools.Result, refused string, err error) {
	change, err := tool.Preview(ctx, call.Arguments)
	if err != nil {
		return result, "", err
	}
	rule, why := s.policyOf(call.Tool).Asks(tool, call.Arguments, change.Facts)
	switch {
	case rule == agents.AskForbidden:
		return result, why, nil
	case (rule == agents.AskAlways || outsiders) && !task.Approve.Agrees(call.Tool):
		return result, person.Name + " did not agree: " + person.Denial, nil
	}
	result, err = tool.Apply(ctx, key, call.Arguments)
	return result, "", err
}

// policyOf is the policy of the agent that has the tool.
func (s *suite) policyOf(tool string) agents.Policy {
	for _, agent := range s.agents {
		if slices.Contains(agent.Tools, tool) {
			return agent.Policy
		}
	}
	return agents.Policy{}
}

// close ends a company, and returns what has changed in it.
func (c *company) close(ctx context.Context, fresh state.State) ([]state.Change, error) {
	now, err := state.Read(ctx, c.db)
	if err = errors.Join(err, c.db.Close()); err != nil {
		return nil, err
	}
	return fresh.Changes(now), nil
}
