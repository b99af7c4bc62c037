"""What the project needs to run and test itself: an engine, a cluster, a deployment. Nothing a user imports."""
