"""A real single-node Kubernetes from packages: etcd, the API server, its controllers, scheduler, kubelet, kube-proxy.

``python -m tests.cluster up|down|build|status``. As root on Linux, with Go and Debian's etcd-server, containerd, runc
and containernetworking-plugins. Any cluster named by KUBECONFIG serves the same tests.
"""
