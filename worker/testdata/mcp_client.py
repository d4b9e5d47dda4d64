"""An MCP client that is not the go-sdk: it speaks to `worker mcp`, or to an address, and prints what it is told as JSON lines."""

import asyncio
import json
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


def say(**what):
    print(json.dumps(what, ensure_ascii=False), flush=True)


async def progress(done, total, message):
    say(progress=message)


async def work(session):
    started = await session.initialize()
    server = getattr(started, "server_info", None) or started.serverInfo
    say(server=server.name)
    listed = await session.list_tools()
    say(tools=sorted(tool.name for tool in listed.tools))
    for line in sys.stdin:
        call = json.loads(line)
        result = await session.call_tool(call["tool"], call["arguments"], progress_callback=progress)
        data = result.model_dump(mode="json", by_alias=True)
        say(text=data["content"][0]["text"], failed=bool(data.get("isError")), data=data.get("structuredContent"))


async def main():
    command, *arguments = sys.argv[1:]
    import os

    async with stdio_client(StdioServerParameters(command=command, args=arguments, env=dict(os.environ))) as (read, write):
        async with ClientSession(read, write) as session:
            await work(session)


asyncio.run(main())
