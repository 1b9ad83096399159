"""Questions to language models behind OpenAI-compatible endpoints: concurrently, within limits,
nothing that came is lost."""
