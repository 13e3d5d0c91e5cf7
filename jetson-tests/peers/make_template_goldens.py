#!/usr/bin/env python3
"""Records what jinja2, set up as transformers does, makes of chat templates.

    python make_template_goldens.py SDIST OUT [--snippets]

SDIST is the unpacked source distribution of llama_cpp_python 0.3.36 (MIT), brought by
`pip download --no-deps --no-binary llama_cpp_python llama_cpp_python==0.3.36`; it is unpacked and
never built. OUT is runtime/src/test/resources/goldens/templates. Needs transformers 5 and jinja2
3.1.6 or later.

templates.json.gz: every real template of the sdist (its .jinja files, and those inside its GGUF
vocabularies that differ from them) rendered on each context below.
snippets.json.gz: the lines of template_snippets.py, one construct of the language each.

With --snippets only the second file is made.

A result is {"text": …} or {"error": REASON, "message": …}, REASON as in TemplateException.
The clock stands at 2024-07-09 15:04:05.
"""

import datetime
import gzip
import json
import pathlib
import sys

import jinja2
from transformers.utils import chat_template_utils

import template_snippets

SPECIAL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class FrozenClock(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 9, 15, 4, 5)


chat_template_utils.datetime = FrozenClock


def turn(role, content, **more):
    return {"role": role, "content": content, **more}


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a \"city\" <now> & later",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Name of the city"},
                "days": {"type": "integer", "description": "Days ahead", "default": 1},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "detail": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"key": {"type": "string"}}},
                },
            },
            "required": ["city"],
        },
    },
}
CLOCK = {
    "type": "function",
    "function": {
        "name": "clock",
        "description": "Zeit in Zürich",
        "parameters": {"type": "object", "properties": {}},
        "return": {"type": "string", "description": "the time"},
    },
}


def call(name, arguments, **more):
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


USER = turn("user", "What is the capital of France?")
SYSTEM = turn("system", "You answer briefly.")
PARIS = turn("assistant", "Paris.")
CONVERSATIONS = {
    "user": [USER],
    "system": [SYSTEM, USER],
    "turns": [SYSTEM, USER, PARIS, turn("user", "And of Peru?")],
    "turns-without-system": [USER, PARIS, turn("user", "And of Peru?"), turn("assistant", "Lima.")],
    "complete": [SYSTEM, USER, PARIS],
    "empty-user": [turn("user", "")],
    "empty-assistant": [USER, turn("assistant", ""), turn("user", "Well?")],
    "empty-system": [turn("system", ""), USER],
    "unicode": [
        turn("system", "Réponds en 日本語 🙂"),
        turn("user", "Ἀθῆναι — 👩‍👩‍👧 שלום\u00a0\u2028x"),
        turn("assistant", "東京\U0001f5fc"),
    ],
    "white-space": [
        turn("system", "  padded \n\n"),
        turn("user", "\n\n  two lines\n  indented  \n"),
        turn("assistant", "\tanswer \r\n more\n\n"),
        turn("user", " again "),
    ],
    "two-users": [USER, turn("user", "And of Peru?")],
    "two-assistants": [USER, PARIS, turn("assistant", "Yes, Paris.")],
    "assistant-first": [turn("assistant", "Hello."), USER],
    "late-system": [USER, PARIS, SYSTEM, turn("user", "Go on.")],
    "system-alone": [SYSTEM],
    "nothing": [],
    "markup": [turn("user", "<b>\"it's\" & </b> {{ x }} {% if %} \\n <|im_end|> </s> [INST]")],
    "thinking": [
        USER,
        turn("assistant", "<think>\nFrance… Paris\n</think>\n\nParis.", reasoning_content="It is Paris."),
        turn("user", "Sure?"),
        turn("assistant", "<think>\nyes\n</think>\n\nYes."),
    ],
    "parts": [
        turn("system", [{"type": "text", "text": "Brief."}]),
        turn("user", [{"type": "text", "text": "What"}, {"type": "text", "text": " is this?"}]),
        turn("assistant", [{"type": "text", "text": "That."}]),
    ],
    "developer": [turn("developer", "Be kind."), USER],
    "unknown-role": [turn("narrator", "Once upon a time"), USER],
}
TOOL_TURNS = [
    SYSTEM,
    turn("user", "Weather in Oslo?"),
    turn(
        "assistant",
        "",
        tool_calls=[call("get_weather", {"city": "Oslo", "days": 2, "deep": {"a": [1, 2.5, None, True]}}, id="abc123def")],
    ),
    turn("tool", '{"sky": "clear", "celsius": -3.5}', name="get_weather", tool_call_id="abc123def"),
    turn("assistant", "Clear and cold."),
    turn("user", "Thanks"),
]
TWO_CALLS = [
    turn("user", "Both?"),
    turn("assistant", None, tool_calls=[call("clock", {}, id="000000001"), call("get_weather", {"city": "Zürich"}, id="000000002")]),
    turn("tool", "12:00", name="clock", tool_call_id="000000001"),
    turn("tool", "rain", name="get_weather", tool_call_id="000000002"),
]
STRING_ARGUMENTS = [
    turn("user", "Time?"),
    turn("assistant", "Let me look.", tool_calls=[call("clock", '{"zone": "UTC"}', id="000000003")]),
    turn("tool", "12:00", name="clock", tool_call_id="000000003"),
]
MORE = {
    "tools": {"messages": [SYSTEM, USER], "tools": [WEATHER, CLOCK]},
    "tools-without-system": {"messages": [USER], "tools": [WEATHER]},
    "tool-turns": {"messages": TOOL_TURNS, "tools": [WEATHER, CLOCK]},
    "two-calls": {"messages": TWO_CALLS, "tools": [WEATHER, CLOCK]},
    "string-arguments": {"messages": STRING_ARGUMENTS, "tools": [CLOCK]},
    "no-thinking": {"messages": [SYSTEM, USER], "enable_thinking": False, "reasoning_effort": "low"},
    "documents": {
        "messages": [USER],
        "documents": [{"title": "France", "text": "Its capital is Paris."}],
    },
}


def contexts():
    for name, messages in CONVERSATIONS.items():
        for prompt in (False, True):
            yield f"{name}{'+prompt' if prompt else ''}", {"messages": messages, "add_generation_prompt": prompt}
    for name, context in MORE.items():
        for prompt in (False, True):
            yield f"{name}{'+prompt' if prompt else ''}", {**context, "add_generation_prompt": prompt}


def reason(error):
    if type(error) is jinja2.exceptions.TemplateError:
        return "RAISED"
    if isinstance(error, jinja2.exceptions.SecurityError):
        return "SECURITY"
    if isinstance(error, jinja2.exceptions.UndefinedError):
        return "UNDEFINED"
    if isinstance(error, (jinja2.exceptions.TemplateSyntaxError, SyntaxError)):
        return "SYNTAX"
    return "RUNTIME"


def render(source, context):
    try:
        compiled = chat_template_utils._compile_jinja_template(source)
        return {"text": compiled.render(**{"tools": None, "documents": None, **SPECIAL_TOKENS, **context})}
    except Exception as error:  # noqa: BLE001 the error is the result
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        return {"error": reason(error), "message": message}


def real_templates(sdist):
    seen = {}
    for path in sorted(sdist.rglob("*.jinja")):
        seen.setdefault(path.read_text(encoding="utf-8"), path.stem)
    try:
        import gguf
    except ImportError:
        sys.exit("make_template_goldens.py: the package gguf is missing")
    for path in sorted(sdist.rglob("*.gguf")):
        for key, field in gguf.GGUFReader(path).fields.items():
            if key.startswith("tokenizer.chat_template"):
                value = field.contents()
                if isinstance(value, str):
                    seen.setdefault(value, path.stem)
    return [{"name": name, "source": source} for source, name in seen.items()]


def write(path, value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as out:
        out.write(text.encode("utf-8"))


def main():
    sdist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    only_snippets = "--snippets" in sys.argv
    versions = {"jinja2": jinja2.__version__, "transformers": __import__("transformers").__version__}
    templates = [] if only_snippets else real_templates(sdist)
    named = list(contexts())
    for template in templates:
        template["results"] = [render(template["source"], context) for _, context in named]
    head = {"versions": versions, "clock": "2024-07-09T15:04:05", "specialTokens": SPECIAL_TOKENS}
    notice = "Templates out of llama_cpp_python 0.3.36 (MIT licence, llama.cpp's models/templates)"
    if not only_snippets:
        contexts_named = [{"name": name, "context": context} for name, context in named]
        record = {**head, "notice": notice, "contexts": contexts_named, "templates": templates}
        write(out / "templates.json.gz", record)
    snippets = [
        {"source": source, **render(source, template_snippets.CONTEXT)} for source in template_snippets.SNIPPETS
    ]
    write(out / "snippets.json.gz", {**head, "context": template_snippets.CONTEXT, "snippets": snippets})
    errors = sum("error" in result for template in templates for result in template["results"])
    print(f"{len(templates)} templates x {len(named)} contexts, {errors} of them errors; {len(snippets)} snippets")


if __name__ == "__main__":
    main()
