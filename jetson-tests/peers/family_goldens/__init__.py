"""Parts of make_family_goldens.py: tokenizers, models, GGUF files, the training run."""
