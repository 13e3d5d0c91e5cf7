"""Parts of make_peft_goldens.py: texts, tokenizers, models, samples, cases, the training run and what is written."""
