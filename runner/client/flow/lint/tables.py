"""Modules, functions, programs and decorators that talk to others, by what they are for.

A dotted name stands for itself and everything below it.
"""

from __future__ import annotations

from collections.abc import Mapping

NETWORK = "a network client"
CLOUD = "a cloud's client"
STORE = "an object store's client"
DATABASE = "a database's client"
HUB = "a model hub's client"
TRACKER = "a tracking service's client"
MESSAGES = "a messaging service's client"
BROKER = "a message broker's client"

MODULES: Mapping[str, str] = {
    **dict.fromkeys(
        ("requests", "urllib.request", "urllib3", "http.client", "httpx", "aiohttp", "httplib2", "pycurl", "ftplib",
         "smtplib", "poplib", "imaplib", "telnetlib", "nntplib", "xmlrpc", "websocket", "websockets", "paramiko",
         "fabric", "grpc", "treq", "requests_html", "scrapy", "selenium", "playwright", "dns", "ldap3", "asyncssh"),
        NETWORK,
    ),
    **dict.fromkeys(
        ("boto3", "botocore", "aiobotocore", "googleapiclient", "google.cloud", "google.auth", "google.oauth2",
         "azure", "msal", "oci", "ibm_boto3", "kubernetes", "docker", "github", "gitlab", "git"),
        CLOUD,
    ),
    **dict.fromkeys(
        ("s3fs", "gcsfs", "adlfs", "minio", "smart_open", "cloudpathlib", "pyarrow.fs.S3FileSystem",
         "pyarrow.fs.GcsFileSystem", "metaflow.S3", "metaflow.plugins.datatools"),
        STORE,
    ),
    **dict.fromkeys(
        ("psycopg", "psycopg2", "asyncpg", "pymysql", "MySQLdb", "mysql", "pymongo", "motor", "redis",
         "elasticsearch", "opensearchpy", "cassandra", "snowflake", "clickhouse_driver", "clickhouse_connect",
         "pyodbc", "cx_Oracle", "oracledb", "pinecone", "weaviate", "qdrant_client", "influxdb_client", "neo4j",
         "databricks", "pyhive", "trino"),
        DATABASE,
    ),
    **dict.fromkeys(("huggingface_hub", "kagglehub", "kaggle", "openai", "cohere", "replicate"), HUB),
    **dict.fromkeys(
        ("wandb", "mlflow", "comet_ml", "neptune", "sentry_sdk", "rollbar", "datadog", "ddtrace", "statsd",
         "newrelic", "clearml", "aim", "bugsnag", "logtail"),
        TRACKER,
    ),
    **dict.fromkeys(
        ("slack_sdk", "slack", "slackclient", "twilio", "sendgrid", "telegram", "discord", "pypd", "pdpyras",
         "yagmail", "apprise", "pushover"),
        MESSAGES,
    ),
    **dict.fromkeys(("kafka", "confluent_kafka", "pika", "celery", "kombu", "zmq", "nats", "paho"), BROKER),
}  # fmt: skip

# Functions of modules that are otherwise harmless.
CALLS: Mapping[str, str] = {
    **dict.fromkeys(
        ("socket.socket", "socket.create_connection", "socket.create_server", "socket.getaddrinfo",
         "socket.gethostbyname", "socket.gethostbyname_ex", "socket.gethostbyaddr", "socket.SocketType",
         "asyncio.open_connection", "asyncio.start_server", "ssl.get_server_certificate",
         "multiprocessing.connection.Client", "multiprocessing.connection.Listener", "socketserver.TCPServer",
         "http.server.HTTPServer", "http.server.ThreadingHTTPServer", "logging.handlers.HTTPHandler",
         "logging.handlers.SMTPHandler", "logging.handlers.SocketHandler", "logging.handlers.DatagramHandler",
         "webbrowser.open"),
        "opens a connection",
    ),
    **dict.fromkeys(
        ("torch.hub.load", "torch.hub.load_state_dict_from_url", "torch.hub.download_url_to_file", "nltk.download",
         "spacy.cli.download", "gensim.downloader.load", "datasets.load_dataset", "keras.utils.get_file",
         "tensorflow.keras.utils.get_file", "tensorflow_hub.load", "tensorflow_datasets.load",
         "sklearn.datasets.fetch_20newsgroups", "sklearn.datasets.fetch_openml",
         "sklearn.datasets.fetch_california_housing", "sklearn.datasets.fetch_lfw_people",
         "sklearn.datasets.fetch_olivetti_faces", "sklearn.datasets.fetch_covtype", "sklearn.datasets.fetch_rcv1",
         "seaborn.load_dataset", "statsmodels.api.datasets.get_rdataset", "pip.main"),
        "downloads",
    ),
}  # fmt: skip

# Libraries that are of no use without TCP, even to themselves on one machine.
TCP_MODULES: Mapping[str, str] = {
    "ray": "Ray", "distributed": "Dask's distributed scheduler", "dask.distributed": "Dask's distributed scheduler",
    "dask_cuda": "Dask", "dask_kubernetes": "Dask", "horovod": "Horovod", "mpi4py": "MPI", "pyspark": "Spark",
    "deepspeed": "DeepSpeed", "papermill": "a Jupyter kernel", "nbclient": "a Jupyter kernel",
    "nbconvert.preprocessors.ExecutePreprocessor": "a Jupyter kernel", "jupyter_client": "a Jupyter kernel",
    "streamlit": "Streamlit", "gradio": "Gradio", "uvicorn": "uvicorn", "flask": "Flask",
    "fastapi": "FastAPI", "vllm": "vLLM",
}  # fmt: skip
TCP_CALLS: Mapping[str, str] = {
    "torch.distributed.init_process_group": "torch.distributed",
    "torch.distributed.run.main": "torchrun",
    "torch.nn.parallel.DistributedDataParallel": "torch.distributed",
    "torch.distributed.launcher.api.elastic_launch": "torchrun",
    "tensorflow.distribute.MultiWorkerMirroredStrategy": "TensorFlow's cluster",
    "tensorflow.distribute.experimental.MultiWorkerMirroredStrategy": "TensorFlow's cluster",
    "multiprocessing.managers.BaseManager": "a manager with an address",
}
TCP_DECORATORS: Mapping[str, str] = {
    "torchrun": "torchrun", "metaflow_ray": "Ray", "ray_parallel": "Ray", "deepspeed": "DeepSpeed", "mpi": "MPI",
    "tensorflow": "TensorFlow's cluster", "parallel": "tasks that find each other by address",
    "pytorch_parallel": "torch.distributed", "vllm": "vLLM", "ollama": "Ollama",
}  # fmt: skip

PUBLIC_INDEX = ("pypi", "pypi_base", "conda", "conda_base", "uv", "uv_base")
ELSEWHERE: Mapping[str, str] = {  # decorators that run a step on somebody else's machines
    "batch": "AWS Batch", "step_functions": "AWS Step Functions", "airflow": "Airflow", "slurm": "Slurm",
    "nvidia": "NVIDIA's cloud", "nvct": "NVIDIA's cloud", "snowpark": "Snowflake",
    "airflow_external_task_sensor": "Airflow", "airflow_s3_key_sensor": "Airflow", "sagemaker": "SageMaker",
}  # fmt: skip

# Programs that talk to others. The sets name the sub-commands that do; an empty one means all.
PROGRAMS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("curl", "wget", "ssh", "scp", "sftp", "rsync", "ftp", "nc", "ncat", "netcat", "telnet", "gsutil", "gcloud",
         "bq", "aws", "az", "azcopy", "s3cmd", "s5cmd", "rclone", "kubectl", "docker", "podman", "mail", "sendmail",
         "nslookup", "dig", "host", "ping", "apt", "apt-get", "apk", "yum", "dnf", "huggingface-cli", "hf", "kaggle"),
        frozenset[str](),
    ),
    **dict.fromkeys(("pip", "pip3"), frozenset({"install", "download", "wheel", "index"})),
    **dict.fromkeys(("conda", "mamba", "micromamba"), frozenset({"install", "create", "update", "env"})),
    "uv": frozenset({"pip", "sync", "add", "tool", "run", "python"}),
    "poetry": frozenset({"install", "add", "update", "publish"}),
    "npm": frozenset({"install", "ci", "publish"}),
    "git": frozenset({"clone", "fetch", "pull", "push", "ls-remote", "submodule"}),
}  # fmt: skip


def below(table: Mapping[str, str], name: str) -> tuple[str, str] | None:
    """The entry of a table that a dotted name falls under, and what it says."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        entry = ".".join(parts[:end])
        if entry in table:
            return entry, table[entry]
    return None
