import os

from celery import Celery

address = os.environ["REDIS_URL"].removeprefix("unix://").removesuffix("?db=0")
app = Celery("costtrack", broker=f"redis+socket://{address}?virtual_host=0")
app.conf.broker_connection_retry_on_startup = True
