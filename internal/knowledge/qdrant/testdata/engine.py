"""Answers requests about points with Qdrant's own engine. Each line of input is a request as the store sends it, in the JSON form of its gRPC message; each line of output is
the reply, or {"error": ...}. It is started by engine_test.go."""

import json
import pathlib
import shutil
import sys
import uuid

import qdrant_edge as q

folder = pathlib.Path(sys.argv[1])
shards = {}


def shard(name, made):
    if name not in shards:
        dense = made.get("vectorsConfig", {}).get("paramsMap", {}).get("map", {})
        words = made.get("sparseVectorsConfig", {}).get("map", {})
        assert all(v["distance"] == "Cosine" for v in dense.values()) and all(v["modifier"] == "Idf" for v in words.values())
        shards[name] = q.EdgeShard.create(
            str(folder / name),
            q.EdgeConfig(
                vectors={v: q.EdgeVectorParams(size=int(p["size"]), distance=q.Distance.Cosine) for v, p in dense.items()},
                sparse_vectors={v: q.EdgeSparseVectorParams(modifier=q.Modifier.Idf) for v in words},
                optimizers=q.EdgeOptimizersConfig(default_segment_number=1),
                wal_enabled=False,  # nothing here outlives the program
            ),
        )
    return shards[name]


def plain(value):
    (kind, content), = value.items()
    match kind:
        case "integerValue":
            return int(content)
        case "listValue":
            return [plain(v) for v in content.get("values", [])]
        case "stringValue":
            return content


def boxed(value):
    if isinstance(value, int):
        return {"integerValue": str(value)}
    if isinstance(value, list):
        return {"listValue": {"values": [boxed(v) for v in value]}}
    return {"stringValue": value}


def shown(point):
    return {"id": {"uuid": str(point.id)}, "payload": {k: boxed(v) for k, v in (point.payload or {}).items()}}


def vector(given):
    if "sparse" in given:
        return q.SparseVector(given["sparse"]["indices"], given["sparse"]["values"])
    return given["dense"]["data"]


def conditions(given):
    for condition in given:
        field = condition["field"]
        match = field["match"]
        if "keywords" in match:
            yield q.FieldCondition(field["key"], match=q.MatchAny(match["keywords"]["strings"]))
        else:
            yield q.FieldCondition(field["key"], match=q.MatchValue(match["keyword"]))


def filters(given):
    return q.Filter(must=list(conditions(given.get("must", []))), must_not=list(conditions(given.get("mustNot", []))))


def scoring(query, using):
    if "rrf" in query:
        return q.Fusion.Rrf(k=query["rrf"]["k"])
    return q.Query.Nearest(vector(query["nearest"]), using=using)


def answer(method, request, on):
    match method:
        case "CreateFieldIndex":
            on.update(q.UpdateOperation.create_field_index(request["fieldName"], q.PayloadSchemaType.Keyword))
        case "Upsert":
            points = [
                q.Point(
                    uuid.UUID(p["id"]["uuid"]),
                    {name: vector(v) for name, v in p["vectors"]["vectors"].get("vectors", {}).items()},
                    {name: plain(v) for name, v in p["payload"].items()},
                )
                for p in request["points"]
            ]
            on.update(q.UpdateOperation.upsert_points(points))
        case "Delete":
            on.update(q.UpdateOperation.delete_points_by_filter(filters(request["points"]["filter"])))
        case "Count":
            return {"result": {"count": str(on.count(q.CountRequest(exact=True, filter=filters(request["filter"]))))}}
        case "Scroll":
            wanted = request["withPayload"]
            offset = request.get("offset")
            found, following = on.scroll(
                q.ScrollRequest(
                    offset=uuid.UUID(offset["uuid"]) if offset else None,
                    limit=request["limit"],
                    filter=filters(request["filter"]),
                    with_payload=wanted["include"]["fields"] if "include" in wanted else True,
                )
            )
            reply = {"result": [shown(p) for p in found]}
            if following:
                reply["nextPageOffset"] = {"uuid": str(following)}
            return reply
        case "QueryBatch":
            return {"result": [{"result": [dict(shown(p), score=p.score) for p in query(on, one)]} for one in request["queryPoints"]]}
        case _:
            raise ValueError(method)
    return {"result": {"status": "Completed"}}


def query(on, given):
    arms = [
        q.Prefetch(limit=int(p["limit"]), query=scoring(p["query"], p["using"]), filter=filters(p["filter"])) for p in given.get("prefetch", [])
    ]
    return on.query(
        q.QueryRequest(
            limit=int(given["limit"]), query=scoring(given["query"], given.get("using")), prefetches=arms, filter=filters(given["filter"]), with_payload=True
        )
    )


for line in sys.stdin:
    asked = json.loads(line)
    try:
        if asked["method"] == "Drop":
            if held := shards.pop(asked["collection"], None):
                held.close()
                shutil.rmtree(folder / asked["collection"])
            reply = {}
        else:
            reply = answer(asked["method"], asked["request"], shard(asked["collection"], asked["made"]))
    except Exception as error:  # the test says what it was
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), flush=True)
