# Two multi-modal models behind local servers (vLLM, SGLang, Ollama, llama.cpp: anything that speaks the OpenAI
# protocol). Nothing leaves the machine and nothing is paid. Start them, for example:
#   vllm serve Qwen/Qwen2.5-VL-7B-Instruct --port 8000      and      ollama serve   (ollama pull gemma3:12b)
models = [
    dict(
        name='qwen2.5-vl-7b',
        model='Qwen/Qwen2.5-VL-7B-Instruct',
        base_url='http://127.0.0.1:8000/v1',
        max_concurrency=32,
        timeout=120.0,
    ),
    dict(name='gemma3-12b', model='gemma3:12b', base_url='http://127.0.0.1:11434/v1', max_concurrency=4, timeout=300.0),
]
composer = None  # by template; or a model as above
