"""Serves a model of a few weights, drawn by lot, by the OpenAI protocol:
`transformers serve`, on a port of 127.0.0.1 that is printed, until standard
input ends.  Argument: a folder for the model."""

import os
import socket
import sys
import threading

os.environ["HF_HUB_OFFLINE"] = "1"

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.cli.transformers import main


def make_model(path):
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {c: i for i, c in enumerate([*letters, "<end>"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<end>",
        pad_token="<end>",
        chat_template="{% for m in messages %}{{ m.content }}\n{% endfor %}",
    ).save_pretrained(path)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=4096,
            eos_token_id=len(letters),
            pad_token_id=len(letters),
        )
    ).save_pretrained(path)


def end_with_input():
    sys.stdin.read()
    os._exit(0)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


make_model(sys.argv[1])
threading.Thread(target=end_with_input, daemon=True).start()
port = str(free_port())
print(port, flush=True)
sys.argv[1:] = ["serve", "--host", "127.0.0.1", "--port", port,
                "--device", "cpu", sys.argv[1]]
main()
