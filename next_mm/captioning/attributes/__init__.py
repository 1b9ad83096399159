"""What a model may say about a picture: schema, question, answer, merging, wording, and the checks of all that."""
