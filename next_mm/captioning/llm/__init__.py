"""Questions to language models behind OpenAI-compatible endpoints: concurrent, within limits, none paid for twice."""
