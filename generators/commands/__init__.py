"""The command's verbs: thin faces of the engines, each a function of words in and one result out."""
