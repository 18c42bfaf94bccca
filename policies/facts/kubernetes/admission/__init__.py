"""Admission policies of the cluster, judged by what they do: their own expressions, evaluated on objects somebody may try
to create."""
