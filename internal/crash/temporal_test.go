package crash

import (
	"net"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/api/command/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// betweenTemporal passes a worker's calls on to Temporal, byte by byte, and sees in them where an activity begins and ends.
type betweenTemporal struct {
	points   *points
	temporal *grpc.ClientConn

	mutex      sync.Mutex
	activities map[string]string // types by task token
}

// throughTemporal returns the address at which a worker reaches Temporal.
func throughTemporal(t *testing.T, temporal string, points *points) (address string) {
	t.Helper()
	connection, err := grpc.NewClient(temporal, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	between := &betweenTemporal{points: points, temporal: connection, activities: map[string]string{}}
	server := grpc.NewServer(grpc.ForceServerCodec(asItIs{}), grpc.UnknownServiceHandler(between.pass))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // until it is stopped
	t.Cleanup(func() {
		server.Stop()
		_ = connection.Close()
	})
	return listener.Addr().String()
}

// asItIs is a codec that leaves messages encoded.
type asItIs struct{}

func (asItIs) Name() string                        { return "proto" }
func (asItIs) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }
func (asItIs) Unmarshal(data []byte, into any) error {
	*into.(*[]byte) = append([]byte(nil), data...)
	return nil
}

var errKilled = status.Error(codes.Unavailable, "the worker was killed")

func (b *betweenTemporal) pass(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	var request, reply []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	_, method, _ = strings.Cut(strings.TrimPrefix(method, "/"), "/")
	moment, err := b.moment(method, request)
	if err != nil {
		return err
	}
	if moment != "" && !b.points.at("%s: before Temporal knows", moment) {
		return errKilled
	}
	headers, _ := metadata.FromIncomingContext(stream.Context())
	full, _ := grpc.MethodFromServerStream(stream)
	if err := b.temporal.Invoke(metadata.NewOutgoingContext(stream.Context(), headers), full, &request, &reply, grpc.ForceCodec(asItIs{})); err != nil {
		return err
	}
	given, err := b.given(method, reply)
	if err != nil {
		return err
	}
	if given != "" && !b.points.at("%s is given to the worker", given) || moment != "" && !b.points.at("%s: Temporal knows", moment) {
		return errKilled
	}
	return stream.SendMsg(&reply)
}

// moment names what a worker's call tells Temporal; empty: nothing that has happened.
func (b *betweenTemporal) moment(method string, request []byte) (string, error) {
	switch method {
	case "StartWorkflowExecution":
		return "the run is started", nil
	case "UpdateWorkflowExecution":
		return "a person has decided", nil
	case "RespondActivityTaskCompleted":
		var done workflowservice.RespondActivityTaskCompletedRequest
		err := proto.Unmarshal(request, &done)
		return b.activity(done.GetTaskToken()) + " is done", err
	case "RespondWorkflowTaskCompleted":
		var decided workflowservice.RespondWorkflowTaskCompletedRequest
		err := proto.Unmarshal(request, &decided)
		return "the workflow " + wants(decided.GetCommands()), err
	}
	return "", nil
}

// said are the words for what a workflow decides; what is not among them is only noted.
var said = map[enums.CommandType]string{
	enums.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK:      "schedules ",
	enums.COMMAND_TYPE_START_TIMER:                 "waits for a person",
	enums.COMMAND_TYPE_PROTOCOL_MESSAGE:            "answers the person",
	enums.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION: "ends",
}

// wants says what a workflow has decided.
func wants(commands []*command.Command) string {
	var all []string
	for _, one := range commands {
		if words, found := said[one.GetCommandType()]; found {
			all = append(all, words+one.GetScheduleActivityTaskCommandAttributes().GetActivityType().GetName())
		}
	}
	return strings.Join(all, " and ")
}

// given remembers the activities that Temporal's reply gives to the worker, and names one that was polled for.
func (b *betweenTemporal) given(method string, reply []byte) (string, error) {
	switch method {
	case "PollActivityTaskQueue":
		var task workflowservice.PollActivityTaskQueueResponse
		if err := proto.Unmarshal(reply, &task); err != nil || len(task.GetTaskToken()) == 0 {
			return "", err
		}
		b.remember(task.GetTaskToken(), task.GetActivityType().GetName())
		return task.GetActivityType().GetName(), nil
	case "RespondWorkflowTaskCompleted":
		var recorded workflowservice.RespondWorkflowTaskCompletedResponse
		if err := proto.Unmarshal(reply, &recorded); err != nil {
			return "", err
		}
		for _, task := range recorded.GetActivityTasks() {
			b.remember(task.GetTaskToken(), task.GetActivityType().GetName())
		}
	}
	return "", nil
}

func (b *betweenTemporal) remember(token []byte, activity string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.activities[string(token)] = activity
}

func (b *betweenTemporal) activity(token []byte) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.activities[string(token)]
}
