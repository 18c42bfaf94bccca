import httpx

CLIENT = httpx
