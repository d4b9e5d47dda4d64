package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"bestbox/internal/config"
	"bestbox/internal/records"
	"bestbox/tools"
)

// MetaKey is the key of a request's _meta under which a server is told the key of a call that writes.
const MetaKey = "bestbox/idempotency-key"

// writer makes calls of a tool that changes something.
func (s *server) writer(o offer, db *records.DB) tools.Writer[json.RawMessage, *Reply] {
	return tools.Writer[json.RawMessage, *Reply]{
		Preview: func(_ context.Context, arguments json.RawMessage) (tools.Change, error) {
			return s.preview(o, arguments)
		},
		Apply: func(ctx context.Context, key string, arguments json.RawMessage) (*Reply, error) {
			effect := records.Effect{Key: key, Tool: o.name, Arguments: arguments}
			row, begun, err := db.FindEffect(ctx, key)
			if err != nil {
				return nil, err
			}
			if !begun || row.State == records.EffectPending { // a server that is away, or has changed the tool, is not sent anything
				if err := s.unchanged(ctx, o); err != nil {
					return nil, err
				}
			}
			return records.OnceElsewhere(ctx, db, effect, records.Elsewhere[*Reply]{
				Do:       func(ctx context.Context) (*Reply, error) { return s.write(ctx, o, key, arguments) },
				Happened: func(ctx context.Context) (*Reply, bool, error) { return s.happened(ctx, o, key, arguments) },
			})
		},
	}
}

// preview says in words what would be called. All values are shown, however many and long they are: what a person does not see they have not agreed to.
func (s *server) preview(o offer, arguments json.RawMessage) (tools.Change, error) {
	var values map[string]any
	if err := json.Unmarshal(arguments, &values); err != nil {
		return tools.Change{}, err
	}
	change := tools.Change{Summary: fmt.Sprintf("Has the MCP server %s carry out %s.", s.name, clean(o.Tool))}
	flatten("", values, &change.Lines)
	if o.IdempotencyArgument == "" && o.Check == nil {
		change.Warnings = append(change.Warnings, "if this is cut off nobody can tell whether it has happened; a person must look then")
	}
	return change, nil
}

// flatten lists the values of arguments with their places: entities[0].name.
func flatten(place string, value any, into *[]tools.ChangeLine) {
	switch inner := value.(type) {
	case map[string]any:
		keys := make([]string, 0, len(inner))
		for key := range inner {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			flatten(strings.TrimPrefix(place+"."+clean(key), "."), inner[key], into)
		}
	case []any:
		for index, part := range inner {
			flatten(fmt.Sprintf("%s[%d]", place, index), part, into)
		}
	default:
		*into = append(*into, tools.ChangeLine{What: place, After: said(value)})
	}
}

// said is a value as it stands in a text.
func said(value any) string {
	if text, isText := value.(string); isText {
		return text
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// keyOf is the key of a call as other systems are given it: a UUID, the form that most ask for.
func keyOf(key string) string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte(key)).String() }

// write makes the call. An error leaves open whether it has come through.
func (s *server) write(ctx context.Context, o offer, key string, arguments json.RawMessage) (*Reply, error) {
	if o.IdempotencyArgument != "" {
		var values map[string]json.RawMessage
		if err := json.Unmarshal(arguments, &values); err != nil {
			return nil, err
		}
		values[o.IdempotencyArgument] = fmt.Appendf(nil, "%q", keyOf(key))
		var err error
		if arguments, err = json.Marshal(values); err != nil {
			return nil, err
		}
	}
	return s.call(ctx, o.Tool, arguments, sdk.Meta{MetaKey: keyOf(key)})
}

// happened finds out whether an attempt that was cut off has come through.
func (s *server) happened(ctx context.Context, o offer, key string, arguments json.RawMessage) (*Reply, bool, error) {
	unknown := &records.UnknownEffectError{Key: key, Tool: o.name, Where: fmt.Sprintf("whether the MCP server %s has carried out %s, and under which key: %s", s.name, o.Tool, keyOf(key))}
	switch {
	case o.IdempotencyArgument != "": // the server itself makes one change for a key
		return nil, false, nil
	case o.Check == nil:
		return nil, false, unknown
	}
	filled, contains, err := fill(o.Check, key, arguments)
	if err != nil {
		return nil, false, errors.Join(unknown, err)
	}
	reply, err := s.call(ctx, o.Check.Tool, filled, nil)
	switch {
	case err != nil:
		return nil, false, err
	case reply.Failed || reply.Cut:
		return nil, false, unknown
	case strings.Contains(reply.all(), contains):
		return &Reply{Server: s.name, Texts: []string{"it was done in an earlier attempt"}}, true, nil
	}
	return nil, false, nil
}

// placeholder is what stands for a value in a check.
var placeholder = regexp.MustCompile(`\{(key|arguments(\.[^.{}]+)+)\}`)

// fill puts the values of a call into a check.
func fill(check *config.MCPCheck, key string, arguments json.RawMessage) (filled json.RawMessage, contains string, err error) {
	var values any
	if err := json.Unmarshal(arguments, &values); err != nil {
		return nil, "", err
	}
	var missing []string
	put := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(found string) string {
			path := strings.Split(strings.Trim(found, "{}"), ".")
			if path[0] == "key" {
				return keyOf(key)
			}
			value, there := at(values, path[1:])
			if !there {
				missing = append(missing, found)
			}
			return said(value)
		})
	}
	contains = clean(put(check.Contains))
	encoded := json.RawMessage("{}")
	if len(check.Arguments) > 0 {
		encoded, err = json.Marshal(replaced(check.Arguments, put))
	}
	if err == nil && (len(missing) > 0 || contains == "") {
		err = fmt.Errorf("the check of this call needs %s, which it does not have", strings.Join(missing, ", "))
	}
	return encoded, contains, err
}

// at follows a path into arguments.
func at(value any, path []string) (any, bool) {
	for _, step := range path {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(inner) {
				return nil, false
			}
			value = inner[index]
		default:
			return nil, false
		}
	}
	return value, value != nil
}

// replaced copies a value with put applied to all of its texts.
func replaced(value any, put func(string) string) any {
	switch inner := value.(type) {
	case string:
		return put(inner)
	case map[string]any:
		copied := make(map[string]any, len(inner))
		for key, part := range inner {
			copied[key] = replaced(part, put)
		}
		return copied
	case []any:
		copied := make([]any, len(inner))
		for index, part := range inner {
			copied[index] = replaced(part, put)
		}
		return copied
	}
	return value
}
