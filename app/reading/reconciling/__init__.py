"""The register as a service of the W3C Entity Reconciliation API 0.2, for OpenRefine and its like."""
