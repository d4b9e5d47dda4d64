package trigger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"bestbox/internal/access"
	"bestbox/tools"
	"bestbox/workflows/run"
)

// mcpWriteWait is how long a call that changes something waits for a person: most MCP clients give up after a minute.
const mcpWriteWait = 50 * time.Second

// keyArgument is the argument that tools which change something have over MCP beside their own.
const keyArgument = "idempotency_key"

// callPrefix begins the ids of runs of one call.
const callPrefix = "call-"

// servedWrite describes a tool that changes something, with the argument that names the call.
func servedWrite(tool *tools.Tool) (*sdk.Tool, error) {
	described := served(tool)
	var schema map[string]any
	if err := json.Unmarshal(tool.Schema(), &schema); err != nil {
		return nil, err
	}
	properties, _ := schema["properties"].(map[string]any)
	properties = maps.Clone(properties)
	properties[keyArgument] = map[string]any{"type": "string", "minLength": 1, "maxLength": longestKey,
		"description": "Names this one change. The same key finds the change again, and what has become of it; it is never made twice."}
	schema["properties"] = properties
	described.InputSchema = schema
	described.Description += " It is not done at once: a person must agree first."
	return described, nil
}

// mcpWrite proposes a call of a tool that changes something, in a run of its own, and waits a while for what a person says. A client that gives up, or
// loses its connection, leaves the proposal to the person; the same key finds it again.
func (t *trigger) mcpWrite(user access.User, tool *tools.Tool) sdk.ToolHandler {
	return func(ctx context.Context, request *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		ctx = context.WithValue(ctx, callerKey{}, user)
		arguments, key, err := splitKey(request.Params.Arguments)
		if err == nil {
			err = tool.Check(arguments)
		}
		if err != nil {
			return mcpFailure(err.Error()), nil
		}
		wanted := run.ToolCall{Tool: tool.Name(), Arguments: arguments, User: t.userID(user)}
		id, err := t.startCall(ctx, wanted, key)
		if err != nil {
			return mcpFailure(err.Error()), nil
		}
		err = t.mcpFollow(ctx, id, mcpWriteWait, mcpProgress(request))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errStillRunning):
			return mcpText(fmt.Sprintf("Nothing is changed yet. It waits for approval: run %s, call 1.1. The same call with %s %q tells what has become of it.", id, keyArgument, key), nil), nil
		case err != nil:
			return mcpFailure(t.internal(ctx, "follow the run "+id, err).Detail), nil
		}
		return t.mcpAnswer(ctx, id)
	}
}

// splitKey takes the key out of the arguments, or makes one.
func splitKey(given json.RawMessage) (arguments json.RawMessage, key string, err error) {
	values := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(given)) > 0 {
		if err := json.Unmarshal(given, &values); err != nil || values == nil {
			return nil, "", errors.New("the arguments are wrong; allowed: one JSON object")
		}
	}
	if written, found := values[keyArgument]; found {
		if json.Unmarshal(written, &key) != nil || key == "" || checkIdempotencyKey(key) != nil {
			return nil, "", fmt.Errorf("%s is %.80s; allowed: 1 to %d visible ASCII characters, such as a UUID", keyArgument, written, longestKey)
		}
		delete(values, keyArgument)
	} else {
		key = uuid.NewString()
	}
	arguments, err = json.Marshal(values)
	return arguments, key, err
}

// startCall starts the run of a call, or finds the one that the key has started. A key of another call is refused.
func (t *trigger) startCall(ctx context.Context, wanted run.ToolCall, key string) (id string, err error) {
	sum := sha256.Sum256([]byte("call\x00" + t.ownKey(ctx, key)))
	id = callPrefix + hex.EncodeToString(sum[:16])
	print := sha256.Sum256(append([]byte(wanted.Tool+"\x00"), wanted.Arguments...)) // splitKey has sorted the arguments
	same := hex.EncodeToString(print[:16])
	limited, done := call(ctx)
	defer done()
	_, err = t.Temporal.ExecuteWorkflow(limited, client.StartWorkflowOptions{
		ID: id, TaskQueue: t.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{memoFingerprint: same},
	}, run.CallWorkflow, wanted)
	if err != nil {
		return "", t.fromTemporal(ctx, "start a run", id, err)
	}
	found, err := t.describe(ctx, id)
	if err != nil {
		return "", err
	}
	var earlier string
	if err := converter.GetDefaultDataConverter().FromPayload(found.GetMemo().GetFields()[memoFingerprint], &earlier); err != nil {
		return "", t.internal(ctx, "read the memo of run "+id, err)
	}
	if earlier != same {
		return "", fmt.Errorf("%s %q was used for another call; use a new one", keyArgument, key)
	}
	return id, nil
}
