# The models that the paper names: GPT-4o and Qwen-VL see, DeepSeek-V3 words (Sec. IV). Prices in US dollars a million
# tokens: look them up, they change; the estimate and the budget are only as good as they are. Concurrency and rate are
# a small account's.
models = [
    dict(
        name='gpt-4o',
        model='gpt-4o',
        base_url='https://api.openai.com/v1',
        api_key_env='OPENAI_API_KEY',
        price_input=2.5,
        price_output=10.0,
        max_concurrency=16,
        requests_per_minute=500,
        structured_output='json_schema',
        detail='low',
        image_tokens=85,
    ),
    dict(
        name='qwen-vl',
        model='qwen-vl-max',
        base_url='https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
        api_key_env='DASHSCOPE_API_KEY',
        price_input=0.8,
        price_output=3.2,
        max_concurrency=16,
        requests_per_minute=600,
        structured_output='json_object',
        image_tokens=300,
    ),
]
composer = dict(
    name='deepseek',
    model='deepseek-chat',
    base_url='https://api.deepseek.com/v1',
    api_key_env='DEEPSEEK_API_KEY',
    price_input=0.27,
    price_output=1.1,
    max_concurrency=32,
    structured_output='text',
    max_tokens=200,
)
